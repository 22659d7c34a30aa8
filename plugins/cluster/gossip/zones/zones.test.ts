import { describe, expect, it } from 'vitest';
import { encodeMessage, joinMessages } from '../codec.ts';
import { GossipNode } from '../gossip-node.ts';
import { unsignedIdentity } from '../identity.ts';
import { type Keyring, keyringOf } from '../keyring.ts';
import type { MemberState } from '../messages.ts';
import type { PoolEvent } from '../pool.ts';
import { zoneKey } from '../seal.ts';
import { SealedLink } from '../sealed-link.ts';
import { lanSettings } from '../settings.ts';
import { VirtualNetwork } from '../simulation/virtual-network.ts';
import { seededRandom, VirtualTime } from '../simulation/virtual-time.ts';
import type { Receiver } from '../transport.ts';
import { ZoneTree } from './zone-tree.ts';

const definitions = [
  { name: 'zen', 'sub-zones': ['mid', 'side'] },
  { name: 'mid', 'sub-zones': ['low'] },
];
/** Two nodes and two proxies a zone: `mid1`, `mid2`, `midp1`, `midp2`. */
const kinds = ['p1', 'p2', '1', '2'];
const at = (name: string): string => `${name}:1`;
const zoneOf = (endpoint: string): string => endpoint.replace(/p?\d:1$/, '');
const isProxy = (endpoint: string): boolean => /p\d:1$/.test(endpoint);

/** Nodes of all zones; each zone comes together by itself, and its proxies join those above. */
class Zones {
  readonly time = new VirtualTime();
  readonly network = new VirtualNetwork(this.time, seededRandom(3));
  readonly nodes = new Map<string, GossipNode>();
  readonly seen: { by: string; event: PoolEvent }[] = [];
  readonly #running: readonly string[];
  readonly #ringOf: (zone: string) => { own: Keyring; below: ReadonlyMap<string, Keyring> } | undefined;

  constructor(
    zones: readonly string[],
    ringOf: (zone: string) => { own: Keyring; below: ReadonlyMap<string, Keyring> } | undefined = () =>
      undefined,
  ) {
    this.#ringOf = ringOf;
    this.#running = zones;
    for (const zone of zones) for (const kind of kinds) this.boot(zone, kind);
    for (const zone of zones) {
      const above = definitions.find((one) => one['sub-zones'].includes(zone))?.name;
      for (const kind of kinds.slice(1)) this.node(`${zone}${kind}`).join([at(`${zone}p1`)]);
      if (above !== undefined && zones.includes(above)) this.node(`${zone}p1`).join([at(`${above}p1`)]);
    }
  }

  boot(zone: string, kind: string, incarnation = 1): GossipNode {
    const name = `${zone}${kind}`;
    const clear = this.network.transport(at(name));
    const rings = this.#ringOf(zone);
    const boot = Buffer.from(name.padEnd(8, '.')).toString('hex');
    const link =
      rings === undefined
        ? undefined
        : new SealedLink(clear, rings.own, name, boot, {
            own: zone,
            below: rings.below,
            zoneAt: (endpoint) => this.nodes.get(name)?.zoneAt(endpoint),
          });
    const node = new GossipNode({
      self: { uuid: name, name, addresses: [name], port: 1, zone, groups: [], proxy: kind.startsWith('p') },
      incarnation,
      settings: lanSettings,
      transport: link ?? clear,
      timers: this.time,
      random: seededRandom(this.nodes.size * 31 + 7),
      identity: unsignedIdentity,
      zones: new ZoneTree(definitions, zone),
      onEvent: (event) => this.seen.push({ by: name, event }),
    });
    this.nodes.set(name, node);
    this.network.attach(at(name), link?.guard(node) ?? node);
    node.start();
    return node;
  }

  crash(name: string): void {
    this.node(name).stop();
    this.network.detach(at(name));
    this.nodes.delete(name);
  }

  node(name: string): GossipNode {
    return this.nodes.get(name) as GossipNode;
  }

  sees(by: string): string {
    const known = this.node(by).members();
    return known
      .map(({ uuid }) => uuid)
      .sort()
      .join(' ');
  }

  state(by: string, of: string): MemberState | undefined {
    return this.node(by).member(of)?.state;
  }

  unreachable(by: string): string[] {
    return this.node(by)
      .zones()
      .flatMap(({ name, unreachable }) => (unreachable && this.#running.includes(name) ? [name] : []));
  }

  until(isTrue: () => boolean, limitMs = 60_000): void {
    expect(this.time.until(isTrue, limitMs)).toBe(true);
  }
}

const all = (zone: string): string => `${zone}1 ${zone}2 ${zone}p1 ${zone}p2`;
const whole = (zones: Zones): boolean =>
  zones.sees('zen1') === `${all('low')} ${all('mid')} ${all('zen')}` &&
  zones.sees('mid2') === `${all('low')} ${all('mid')} zenp1 zenp2` &&
  zones.sees('low1') === `${all('low')} midp1 midp2 zenp1 zenp2`;

describe('zones', () => {
  it('show a node all of its own and of those below, and the proxies of those above', () => {
    const zones = new Zones(['zen', 'mid', 'low', 'side']);
    zones.until(
      () =>
        zones.sees('zen2') === [all('low'), all('mid'), all('side'), all('zen')].join(' ') &&
        zones.sees('mid1') === `${all('low')} ${all('mid')} zenp1 zenp2` &&
        zones.sees('low2') === `${all('low')} midp1 midp2 zenp1 zenp2` &&
        zones.sees('side1') === `${all('side')} zenp1 zenp2`,
    );
    zones.time.pass(30_000);
    expect(zones.seen.filter(({ event }) => event.kind === 'dead' || event.kind === 'suspect')).toEqual([]);
    expect(zones.nodes.get('zen1')?.zones()).toEqual([
      { name: 'low', parent: 'mid', unreachable: false },
      { name: 'mid', parent: 'zen', unreachable: false },
      { name: 'side', parent: 'zen', unreachable: false },
      { name: 'zen', parent: null, unreachable: false },
    ]);
  });

  it('tell upwards of a change, and of who dies or leaves, within seconds', () => {
    const zones = new Zones(['zen', 'mid', 'low']);
    zones.until(() => whole(zones));
    zones.node('low1').update({ groups: ['redis'] });
    zones.until(() => zones.node('zen2').member('low1')?.alive.record.groups[0] === 'redis', 3000);
    zones.crash('low2');
    zones.until(() => zones.state('zen1', 'low2') === 'dead', 30_000);
    zones.node('mid1').leave(() => {});
    zones.until(() => zones.state('zen1', 'mid1') === 'leave', 5000);
    expect(zones.state('low1', 'mid1')).toBeUndefined();
  });

  it('are probed from their own, and only proxies speak across', () => {
    const zones = new Zones(['zen', 'mid', 'low']);
    zones.until(() => whole(zones));
    const across: string[] = [];
    const stop = zones.network.listen((from, to) => {
      if (zoneOf(from) !== zoneOf(to)) across.push(`${from} ${to}`);
    });
    zones.time.pass(30_000);
    stop();
    expect(across.length).toBeGreaterThan(50);
    expect(across.filter((pair) => !pair.split(' ').every(isProxy))).toEqual([]);
  });

  it('whose proxies are all gone are unreachable, and their nodes not dead', () => {
    const zones = new Zones(['zen', 'mid', 'low']);
    zones.until(() => whole(zones));
    zones.crash('midp1');
    zones.time.pass(20_000);
    expect(zones.unreachable('zen1')).toEqual([]);
    zones.crash('midp2');
    zones.until(() => zones.unreachable('zen1').join() === 'low,mid', 60_000);
    expect(['mid1', 'mid2', 'low1'].map((of) => zones.state('zen1', of))).toEqual([
      'alive',
      'alive',
      'alive',
    ]);
    zones.until(() => zones.unreachable('low1').join() === 'mid,zen', 60_000);
    zones.boot('mid', 'p1', 9).join([at('mid1'), at('zenp1'), at('lowp1')]);
    zones.until(() => zones.unreachable('zen1').length + zones.unreachable('low1').length === 0, 60_000);
  });

  it('that are cut off are unreachable on both sides, and nobody dies', () => {
    const zones = new Zones(['zen', 'mid']);
    zones.until(() => zones.sees('zen1') === `${all('mid')} ${all('zen')}`);
    zones.time.pass(5000);
    zones.network.cut((from, to) => zoneOf(from) !== zoneOf(to));
    zones.until(
      () => zones.unreachable('zen2').join() === 'mid' && zones.unreachable('mid2').join() === 'zen',
    );
    zones.time.pass(60_000);
    expect(zones.seen.filter(({ event }) => event.kind === 'dead')).toEqual([]);
    zones.network.heal();
    zones.until(() => zones.unreachable('zen2').length === 0);
  });
});

const keys = new Map(
  ['zen', 'mid', 'low'].map((zone, index) => [zone, zoneKey(new Uint8Array(32).fill(index))]),
);
const ringOf = (zone: string): Keyring =>
  keyringOf(keys.get(zone) as NonNullable<ReturnType<typeof keys.get>>);
/** Each zone holds its own key and those below. */
const holds: { [zone: string]: string[] } = { zen: ['mid', 'low'], mid: ['low'], low: [] };
const ringsOf = (zone: string) => ({
  own: ringOf(zone),
  below: new Map((holds[zone] ?? []).map((below) => [below, ringOf(below)])),
});

describe('zones with a key each', () => {
  it('come together', () => {
    const zones = new Zones(['zen', 'mid', 'low'], ringsOf);
    zones.until(() => whole(zones));
    zones.time.pass(20_000);
    expect(zones.seen.filter(({ event }) => event.kind === 'dead' || event.kind === 'suspect')).toEqual([]);
  });

  it('do not let who holds a lower key speak for those above, whatever zone it names', () => {
    const zones = new Zones(['zen', 'mid', 'low'], ringsOf);
    zones.until(() => whole(zones));
    zones.time.pass(5000);
    const lowest = zones.node('lowp1');
    const dead = { kind: 'dead', uuid: 'mid1', incarnation: 1, by: 'midp2', evidence: 'no-ack' } as const;
    const packet = joinMessages([{ kind: 'hello', zone: 'mid' } as const, dead].map(encodeMessage));
    const link = new SealedLink(zones.network.transport(at('lowp2')), ringOf('low'), 'thief', 'ee'.repeat(8));
    const none: Receiver = { receive: () => false, answer: (_packet, reply) => reply(undefined) };
    zones.network.attach(at('lowp2'), link.guard(none));
    for (let count = 0; count < 5; count += 1) {
      link.send(at('midp1'), packet);
      zones.time.pass(1000);
    }
    expect(zones.seen.filter(({ event }) => event.kind === 'dead' && event.member.uuid === 'mid1')).toEqual(
      [],
    );
    expect(lowest.member('mid1')).toBeUndefined();
    expect(zones.state('mid2', 'mid1')).toBe('alive');
  });
});
