import { describe, expect, it } from 'vitest';
import { ed25519Identity, generateIdentity } from './identity.ts';
import { type ClusterOptions, endpoint, VirtualCluster } from './simulation/virtual-cluster.ts';
import { seededRandom } from './simulation/virtual-time.ts';

/** A cluster whose nodes all know each other. */
function joined(options: ClusterOptions): VirtualCluster {
  const cluster = new VirtualCluster(options);
  expect(cluster.time.until(() => cluster.agree('alive'), 60_000)).toBe(true);
  cluster.time.pass(5000);
  return cluster;
}

function ordersOf(names: string[]): string[][] {
  if (names.length <= 1) return [names];
  return names.flatMap((first) =>
    ordersOf(names.filter((name) => name !== first)).map((rest) => [first, ...rest]),
  );
}

const deaths = (cluster: VirtualCluster): number => cluster.events('dead').length;

describe('a pool', () => {
  it.each([2, 3, 5, 32])('of %i nodes comes together within 15 s', (nodes) => {
    const cluster = new VirtualCluster({ nodes });
    expect(cluster.time.until(() => cluster.agree('alive'), 15_000)).toBe(true);
  });

  it.each([2, 3, 5, 32])('of %i nodes sees a host that lost its power, and only that', (nodes) => {
    const cluster = joined({ nodes });
    const startMs = cluster.time.now();
    cluster.powerOff('n1');
    expect(cluster.time.until(() => cluster.agree('dead', ['n1']), 60_000)).toBe(true);
    expect(cluster.time.now() - startMs).toBeLessThan(nodes === 32 ? 15_000 : 12_000);
    expect(deaths(cluster)).toBe(nodes - 1);
    const [first] = cluster.events('dead', 'n1');
    expect(first?.event).toMatchObject({
      member: { accusers: expect.arrayContaining([expect.objectContaining({ evidence: 'no-ack' })]) },
    });
  });

  it('of five nodes comes together in every order in which they start, each by one that is there', () => {
    const random = seededRandom(3);
    for (const order of ordersOf(['n0', 'n1', 'n2', 'n3', 'n4'])) {
      const cluster = new VirtualCluster({ nodes: 0 });
      for (const [place, name] of order.entries()) {
        const seed = order[Math.floor(random() * place)] as string;
        cluster.boot(name).join(place === 0 ? [] : [endpoint(seed)]);
        cluster.time.pass(random() * 300);
      }
      expect([order, cluster.time.until(() => cluster.agree('alive'), 5000)]).toEqual([order, true]);
    }
  });

  it('comes together as soon where its nodes were alone for long', () => {
    const cluster = new VirtualCluster({ nodes: 1 });
    const others = Array.from({ length: 40 }, (_, index) => `n${index + 1}`);
    for (const name of others) cluster.boot(name);
    cluster.time.pass(120_000);
    for (const name of others) cluster.node(name).join([endpoint('n0')]);
    expect(cluster.time.until(() => cluster.agree('alive'), 1500)).toBe(true);
  });

  it('that joins by one node at one moment comes together by one answer to each', () => {
    const cluster = new VirtualCluster({ nodes: 1 });
    const others = Array.from({ length: 60 }, (_, index) => `n${index + 1}`);
    for (const name of others) cluster.boot(name);
    cluster.time.pass(10_000);
    const startMs = cluster.time.now();
    for (const name of others) cluster.node(name).join([endpoint('n0')]);
    expect(cluster.time.until(() => cluster.agree('alive'), 500)).toBe(true);
    cluster.time.pass(startMs + 1000 - cluster.time.now());
    const sizes = others.map((name) => cluster.network.traffic(endpoint(name)).exchangeBytes);
    expect(new Set(sizes).size).toBeLessThan(4);
  });

  it('sees a change of a node everywhere within 2 s', () => {
    const cluster = joined({ nodes: 16 });
    cluster.node('n4').update({ groups: ['redis'] });
    const knows = (name: string): boolean =>
      cluster.node(name).member('n4')?.alive.record.groups[0] === 'redis';
    expect(cluster.time.until(() => cluster.names().every(knows), 2000)).toBe(true);
  });

  it('knows who leaves from who dies', () => {
    const cluster = joined({ nodes: 8 });
    let isOut = false;
    cluster.node('n2').leave(() => {
      isOut = true;
    });
    expect(cluster.time.until(() => isOut, 6000)).toBe(true);
    cluster.crash('n2');
    cluster.time.pass(60_000);
    expect(cluster.agree('leave', ['n2'])).toBe(true);
    expect(deaths(cluster)).toBe(0);
    cluster.time.pass(260_000);
    expect(cluster.agree(undefined, ['n2'])).toBe(true);
  });

  it.each([2, 3, 5, 8])(
    'of %i nodes, one of which stands still again and again, holds no other dead',
    (nodes) => {
      for (const seed of [1, 2, 3]) {
        const random = seededRandom(seed);
        const cluster = joined({ nodes, seed });
        const endMs = cluster.time.now() + 600_000;
        while (cluster.time.now() < endMs) {
          cluster.pause('n0');
          cluster.time.pass(200 + random() * 7800);
          cluster.resume('n0');
          cluster.time.pass(50 + random() * 3000);
        }
        const wrong = cluster
          .names()
          .filter((name) => name !== 'n0' && cluster.events('dead', name).length > 0);
        expect([seed, wrong]).toEqual([seed, []]);
      }
    },
  );

  it('reads what waits for it before it holds somebody dead, when it has stood still', () => {
    const cluster = joined({ nodes: 3 });
    cluster.network.block(endpoint('n1'));
    expect(cluster.time.until(() => cluster.state('n0', 'n1') === 'suspect', 30_000)).toBe(true);
    cluster.pause('n0');
    cluster.network.unblock(endpoint('n1'));
    cluster.time.pass(20_000);
    cluster.resume('n0');
    cluster.time.pass(20_000);
    expect(cluster.agree('alive')).toBe(true);
    expect(cluster.events('dead', 'n1')).toEqual([]);
  });

  it('takes back a node that restarts, with an incarnation above the old one', () => {
    const cluster = joined({ nodes: 5 });
    cluster.crash('n1');
    cluster.time.until(() => cluster.agree('dead', ['n1']), 60_000);
    cluster.boot('n1', 2).join([endpoint('n0')]);
    expect(cluster.time.until(() => cluster.agree('alive'), 10_000)).toBe(true);
  });

  it('takes back a node that restarts without its old incarnation', () => {
    const cluster = joined({ nodes: 5 });
    cluster.node('n1').update({ groups: ['a'] });
    cluster.time.pass(5000);
    cluster.crash('n1');
    cluster.time.until(() => cluster.agree('dead', ['n1']), 60_000);
    cluster.boot('n1', 1).join([endpoint('n0')]);
    expect(cluster.time.until(() => cluster.agree('alive'), 15_000)).toBe(true);
  });

  it('signs and checks where nodes have keys', () => {
    const cluster = joined({ nodes: 4, identity: () => ed25519Identity(generateIdentity()) });
    expect(cluster.names().map((name) => cluster.node(name).figures().forgedClaims)).toEqual([0, 0, 0, 0]);
    cluster.node('n3').leave(() => {});
    expect(cluster.time.until(() => cluster.agree('leave', ['n3']), 5000)).toBe(true);
  });
});

describe('a fault of the network', () => {
  it.each([
    ['one way', (from: string, to: string) => from === endpoint('n1') && to === endpoint('n2')],
    [
      'both ways',
      (from: string, to: string) => [from, to].sort().join() === [endpoint('n1'), endpoint('n2')].join(),
    ],
  ])('between two nodes, %s, kills neither', (_title, isCut) => {
    const cluster = joined({ nodes: 5 });
    cluster.network.cut(isCut);
    cluster.time.pass(300_000);
    expect(deaths(cluster)).toBe(0);
    expect(cluster.agree('alive')).toBe(true);
  });

  it('that splits the pool for a minute heals by itself', () => {
    const cluster = joined({ nodes: 5 });
    const side = (at: string): boolean => at === endpoint('n0') || at === endpoint('n1');
    cluster.network.cut((from, to) => side(from) !== side(to));
    cluster.time.pass(60_000);
    expect(cluster.agree('dead', ['n2', 'n3', 'n4'], ['n0', 'n1'])).toBe(true);
    expect(cluster.agree('dead', ['n0', 'n1'], ['n2', 'n3', 'n4'])).toBe(true);
    cluster.network.heal();
    expect(cluster.time.until(() => cluster.agree('alive'), 120_000)).toBe(true);
  });

  it('that loses 5 %, doubles, delays and reorders kills nobody in ten minutes', () => {
    const cluster = joined({
      nodes: 12,
      weather: { loss: 0.05, duplication: 0.05, minDelayMs: 20, maxDelayMs: 150 },
    });
    cluster.time.pass(600_000);
    expect(deaths(cluster)).toBe(0);
  });
});

describe('a slow node', () => {
  it('that stands still for 30 s is taken back, and takes nobody else down', () => {
    const cluster = joined({ nodes: 8 });
    cluster.pause('n3');
    cluster.time.pass(30_000);
    cluster.resume('n3');
    expect(cluster.time.until(() => cluster.agree('alive'), 60_000)).toBe(true);
    expect(
      cluster.events('dead').filter(({ event }) => 'member' in event && event.member.uuid !== 'n3'),
    ).toEqual([]);
  });

  it('that stalls again and again loses its health, while nobody healthy is declared dead', () => {
    const cluster = joined({ nodes: 20 });
    let worst = 0;
    for (let round = 0; round < 60; round += 1) {
      cluster.pause('n7');
      cluster.time.pass(8000);
      cluster.resume('n7');
      cluster.time.pass(2000);
      worst = Math.max(worst, cluster.node('n7').figures().health);
    }
    expect(worst).toBeGreaterThan(0);
    expect(
      cluster.events('dead').filter(({ event }) => 'member' in event && event.member.uuid !== 'n7'),
    ).toEqual([]);
  });
});

describe('a ghost', () => {
  it('that is cleared away on one node goes from all, and old records do not bring it back', () => {
    const cluster = joined({ nodes: 6 });
    cluster.crash('n5');
    cluster.time.until(() => cluster.agree('dead', ['n5']), 60_000);
    // One node misses it.
    cluster.pause('n4');
    expect(cluster.node('n0').clearAway('n5')).toBe(true);
    const awake = ['n0', 'n1', 'n2', 'n3'];
    expect(cluster.time.until(() => cluster.agree('leave', ['n5'], awake), 10_000)).toBe(true);
    cluster.time.pass(400_000);
    expect(cluster.agree(undefined, ['n5'], awake)).toBe(true);
    cluster.resume('n4');
    cluster.time.pass(400_000);
    expect(cluster.agree(undefined, ['n5'])).toBe(true);
    expect(cluster.agree('alive')).toBe(true);
  });
});

it('takes garbage without harm, and counts it', () => {
  const cluster = joined({ nodes: 2 });
  const node = cluster.node('n0');
  node.receive('x:1', Uint8Array.of(1, 0xc1));
  node.receive('x:1', new Uint8Array(5000));
  const answers: unknown[] = [];
  node.answer(Uint8Array.of(9), (answer) => answers.push(answer));
  expect(answers).toEqual([undefined]);
  expect(node.figures().refusedMessages).toBe(3);
});
