import { expect, it } from 'vitest';
import { Answers } from './answers.ts';
import { RateLimiter } from './rate-limiter.ts';
import { maxTcpBytes, Responder } from './responder.ts';
import { cluster, node } from './sample-cluster.ts';
import { ZoneTable } from './zone-table.ts';

const domain = ['opsbro'];
const clock = { now: () => 0, monotonic: () => 0 };

function responder(nodes = cluster(node('a', { groups: ['g'] }))): Responder {
  const made = new Responder({ domain, ttlSeconds: 5, limiter: new RateLimiter(), ...clock });
  const table = new ZoneTable(nodes, () => ({}), { onlyPassing: true, isStrict: false });
  made.use(new Answers(table, { domain, ttlSeconds: 5, portOf: () => undefined, ...clock }));
  return made;
}

function query(name: string, type = 1): Buffer {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, type, 0, 1]);
}

const out = Buffer.alloc(maxTcpBytes);
const ask = (to: Responder, bytes: Buffer, client: string | null = '127.0.0.1'): Buffer =>
  out.subarray(0, to.respond(bytes, bytes.length, client, out));

it('answers a question that it remembers as it did at first', () => {
  const to = responder();
  const first = Buffer.from(ask(to, query('a.name.lan.opsbro')));
  expect(first.readUInt16BE(6)).toBe(1);
  expect(ask(to, query('a.name.lan.opsbro')).equals(first)).toBe(true);
  expect(ask(to, query('A.name.LAN.opsbro')).readUInt16BE(6)).toBe(1);
});

it('tells the age of a check anew after a second, also when the wall clock was set back', () => {
  const time = { wall: 100_000_000, steady: 0 };
  const moving = { now: () => time.wall, monotonic: () => time.steady };
  const to = new Responder({ domain, ttlSeconds: 5, limiter: new RateLimiter(), ...moving });
  const nodes = cluster(node('a'));
  const check = { id: 'linux/check/load', name: 'load', pack: 'linux', hard: true, output: '', perfdata: '' };
  const details = {
    'uuid-a': { uuid: 'uuid-a', version: 1, checks: [{ ...check, state: 'ok', since: 10_000 }] },
  } as const;
  const table = new ZoneTable(nodes, () => details as never, { onlyPassing: true, isStrict: false });
  to.use(new Answers(table, { domain, ttlSeconds: 5, portOf: () => undefined, ...moving }));
  const age = (): string | undefined =>
    /age=\d+s/.exec(ask(to, query('load.check.a.lan.opsbro', 16)).toString('latin1'))?.[0];
  expect(age()).toBe('age=99990s');
  Object.assign(time, { wall: 40_000, steady: 1000 });
  expect(age()).toBe('age=30s');
});

it('answers from new nodes at once', () => {
  const to = responder();
  ask(to, query('g.group.lan.opsbro'));
  const moved = cluster(node('a', { groups: ['g'], addresses: ['10.9.9.9'] }));
  const table = new ZoneTable(moved, () => ({}), { onlyPassing: true, isStrict: false });
  to.use(new Answers(table, { domain, ttlSeconds: 5, portOf: () => undefined, ...clock }));
  expect([...ask(to, query('g.group.lan.opsbro')).subarray(-4)]).toEqual([10, 9, 9, 9]);
});

it('sends a network that asks too much to TCP, and exempts TCP', () => {
  const to = responder();
  const bytes = query('a.name.lan.opsbro');
  const sizes = Array.from({ length: 210 }, () => ask(to, bytes, '192.0.2.1').length);
  expect(sizes.filter((size) => size === 0)).toHaveLength(5);
  expect(sizes.filter((size) => size === bytes.length)).toHaveLength(5);
  expect(out[2]! & 0x02).toBe(0x02);
  expect(ask(to, bytes, null).readUInt16BE(6)).toBe(1);
});

it('points from an SOA to the domain at the end of the question', () => {
  const answer = ask(responder(), query('none.group.lan.opsbro'));
  const owner = answer.readUInt16BE(query('none.group.lan.opsbro').length);
  expect(owner >> 14).toBe(3);
  expect(answer.toString('latin1', owner & 0x3fff, (owner & 0x3fff) + 8)).toBe('\x06opsbro\0');
});

it('never takes a dot within a label for two labels', () => {
  const bytes = query('a-name.lan.opsbro');
  bytes[14] = 46;
  expect(ask(responder(), bytes)[3]! & 15).toBe(3);
});

it('leaves out an address that is none, and names that have no place in an answer', () => {
  const odd = node('a b', { addresses: ['999.1.1.1', '10.0.0.5'], groups: ['g'], uuid: 'x'.repeat(300) });
  const to = responder(cluster(odd));
  expect([...ask(to, query('g.group.lan.opsbro')).subarray(-4)]).toEqual([10, 0, 0, 5]);
  expect(ask(to, query('5.0.0.10.in-addr.arpa', 12)).readUInt16BE(6)).toBe(0);
});
