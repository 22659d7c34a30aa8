import { expect, it } from 'vitest';
import type { Accuser, Member } from '../members.ts';
import { lanSettings } from '../settings.ts';
import { endpoint, VirtualCluster } from '../simulation/virtual-cluster.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { RefusalWatch } from './refusal-watch.ts';

function memberOf(uuid: string): Member {
  const record = {
    uuid,
    name: uuid,
    addresses: [uuid],
    port: 1,
    zone: 'lan',
    groups: [],
    incarnation: 1,
    key: new Uint8Array(),
  };
  const alive = { kind: 'alive', body: new Uint8Array(), signature: new Uint8Array(), record } as const;
  return { uuid, alive, incarnation: 1, state: 'alive', sinceMs: 0, accusers: [] };
}

function joined(nodes: number, seed = 1): VirtualCluster {
  const cluster = new VirtualCluster({ nodes, seed });
  expect(cluster.time.until(() => cluster.agree('alive'), 60_000)).toBe(true);
  cluster.time.pass(5000);
  return cluster;
}

/** When the first and when all others saw `name` dead. */
function deathMs(cluster: VirtualCluster, name: string): { first: number; all: number } {
  const startMs = cluster.time.now();
  expect(cluster.time.until(() => cluster.events('dead', name).length > 0, 60_000)).toBe(true);
  const first = cluster.time.now() - startMs;
  expect(cluster.time.until(() => cluster.agree('dead', [name]), 60_000)).toBe(true);
  return { first, all: cluster.time.now() - startMs };
}

function accusers(cluster: VirtualCluster, of: string): Accuser[] {
  const [seen] = cluster.events('dead', of);
  return seen !== undefined && 'member' in seen.event ? [...seen.event.member.accusers] : [];
}

it('of a killed process makes it dead in a third of the time that silence takes', () => {
  // When the next probe comes to it is chance: five clusters each.
  const seeds = [1, 2, 3, 4, 5];
  const killed = seeds.map((seed) => joined(32, seed));
  const dark = seeds.map((seed) => joined(32, seed));
  for (const cluster of killed) cluster.crash('n7');
  for (const cluster of dark) cluster.powerOff('n7');
  const quick = killed.map((cluster) => deathMs(cluster, 'n7'));
  const slow = dark.map((cluster) => deathMs(cluster, 'n7'));
  const sum = (of: 'first' | 'all', times: typeof quick): number =>
    times.reduce((total, one) => total + one[of], 0);
  expect(sum('first', quick)).toBeLessThan(sum('first', slow) / 3);
  expect(sum('all', quick)).toBeLessThan(sum('all', slow) / 2);
  const by = new Set(
    accusers(killed[0] as VirtualCluster, 'n7').flatMap((one) =>
      one.evidence === 'refused' ? [one.by] : [],
    ),
  );
  expect(by.size).toBeGreaterThanOrEqual(3);
});

it.each([2, 3, 4])('is enough among %i nodes too, by more probes of its own', (nodes) => {
  const cluster = joined(nodes);
  cluster.crash('n1');
  const { first } = deathMs(cluster, 'n1');
  expect(first).toBeLessThan(7500);
  expect(accusers(cluster, 'n1').at(-1)?.evidence).toBe('refused');
});

it.each([2, 3, 8])('does not come from one that stands still, of %i', (nodes) => {
  const cluster = joined(nodes);
  cluster.pause('n1');
  cluster.time.pass(60_000);
  expect(cluster.events('dead', 'n1').length).toBeGreaterThan(0);
  expect(accusers(cluster, 'n1').map(({ evidence }) => evidence)).not.toContain('refused');
});

it('forgives a restart that takes less than a second', () => {
  const cluster = joined(8);
  for (let round = 2; round < 12; round += 1) {
    cluster.crash('n3');
    cluster.time.pass(900);
    cluster.boot('n3', round).join([endpoint('n0')]);
    cluster.time.pass(10_000);
  }
  expect(cluster.events('dead')).toEqual([]);
});

it('of the path, not of the host, kills nobody: one node refused by a firewall is alone with it', () => {
  const cluster = joined(8);
  const isWall = (from: string, to: string): boolean => from === endpoint('n1') && to === endpoint('n2');
  cluster.network.cut(isWall, 'refuse');
  cluster.time.pass(120_000);
  expect(cluster.events('dead')).toEqual([]);
});

it("is never a helper's word alone, nor two knocks at once", () => {
  const time = new VirtualTime();
  const claims: string[] = [];
  const member = memberOf('a');
  const watch = new RefusalWatch({
    pool: {
      uuid: 'me',
      degraded: false,
      get: () => member,
      take: () => {},
      accuse: (uuid) => claims.push(uuid),
    },
    settings: lanSettings,
    timers: time,
    able: () => 5,
    knock: (_endpoint, _timeoutMs, done) => done('refused'),
    probeAgain: () => {},
  });
  for (const by of ['h1', 'h2', 'h3']) watch.reported(member, by);
  watch.unanswered(member);
  watch.unanswered(member);
  watch.reported(member, 'h1');
  watch.reported(member, 'h1');
  time.pass(2000);
  expect(claims).toEqual([]);
  watch.reported(member, 'h2');
  expect(claims).toEqual(['a']);
});
