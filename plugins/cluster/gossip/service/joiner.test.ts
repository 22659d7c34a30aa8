import { expect, it } from 'vitest';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { endpointsOf, Joiner } from './joiner.ts';
import { resolve as resolveName } from './open.ts';

const names: { [name: string]: string[] } = { seed: ['127.0.0.2', '127.0.0.3'] };
const resolve = async (host: string): Promise<string[]> => {
  if (/^[\d.]+$/.test(host)) return [host];
  const found = names[host];
  if (found === undefined) throw new Error('no such name');
  return found;
};

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

async function open(seeds: string[], answering: Set<string>) {
  const time = new VirtualTime();
  const tried: string[] = [];
  const found: boolean[] = [];
  const known = new Set<string>();
  const joiner = new Joiner({
    seeds,
    timers: time,
    random: () => 0.5,
    resolve,
    port: 6768,
    isSelf: (endpoint) => endpoint.startsWith('127.0.0.9:'),
    join: async (endpoint) => {
      tried.push(endpoint);
      if (answering.has(endpoint)) known.add(endpoint);
      return answering.has(endpoint);
    },
    knows: (endpoint) => known.has(endpoint),
    onFound: (isFound) => found.push(isFound),
  });
  joiner.start();
  await settle();
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 500) {
      time.pass(500);
      await settle();
    }
  };
  return { time, tried, found, known, joiner, pass };
}

it('tries every address of a seed at once, then with growing pauses, for ever', async () => {
  const { tried, found, pass, joiner } = await open(['seed:7000'], new Set());
  expect(tried).toEqual(['127.0.0.2:7000', '127.0.0.3:7000']);
  expect(found).toEqual([false]);
  await pass(1000);
  expect(tried).toHaveLength(4);
  await pass(1500);
  expect(tried).toHaveLength(4);
  await pass(500);
  expect(tried).toHaveLength(6);
  await pass(600_000);
  expect(tried.length).toBeGreaterThan(20);
  const { length } = tried;
  joiner.stop();
  await pass(600_000);
  expect(tried).toHaveLength(length);
});

it('tells when a seed answers, and looks for it again only once it is no member any more', async () => {
  const answering = new Set<string>();
  const { tried, found, known, pass } = await open(['127.0.0.2', '127.0.0.3'], answering);
  answering.add('127.0.0.2:6768').add('127.0.0.3:6768');
  await pass(1000);
  expect(found).toEqual([false, true]);
  const { length } = tried;
  await pass(300_000);
  expect(tried).toHaveLength(length);
  known.clear();
  await pass(70_000);
  expect(tried).toHaveLength(length + 2);
});

it.each([[[]], [['127.0.0.9']]])('does nothing where the seeds are %j: none but itself', async (seeds) => {
  const { tried, found, pass } = await open(seeds, new Set());
  await pass(100_000);
  expect([tried, found]).toEqual([[], []]);
});

it('tries the other addresses of a name that stands for itself too', async () => {
  names.all = ['127.0.0.9', '127.0.0.2'];
  const { tried, found } = await open(['all'], new Set(['127.0.0.2:6768']));
  expect([tried, found]).toEqual([['127.0.0.2:6768'], [true]]);
});

it('asks now and then for a name that stands for itself alone: others may get it too', async () => {
  names.grows = ['127.0.0.9'];
  const { tried, found, pass } = await open(['grows'], new Set(['127.0.0.3:6768']));
  expect([tried, found]).toEqual([[], []]);
  names.grows = ['127.0.0.9', '127.0.0.3'];
  await pass(100_000);
  expect([tried, found]).toEqual([['127.0.0.3:6768'], [true]]);
});

it('takes the port of this node where a seed names none', async () => {
  expect(await endpointsOf('127.0.0.2', 7000, resolve)).toEqual(['127.0.0.2:7000']);
});

it('refuses what is no endpoint', async () => {
  await expect(endpointsOf('a b', 1, resolve)).rejects.toThrow(/neither host nor host:port/);
  await expect(endpointsOf('nowhere', 1, resolve)).rejects.toThrow(/no such name/);
});

it('says of a name without an address that it is the name', async () => {
  await expect(endpointsOf('a..b', 1, resolveName)).rejects.toThrow(
    /^the name 'a\.\.b' has no address: .* \(E[A-Z_]+\)$/,
  );
});
