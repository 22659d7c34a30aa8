import type { Json } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import type { Member } from '../members.ts';
import type { MemberState } from '../messages.ts';
import type { PoolEvent } from '../pool.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { NodeNews } from './node-news.ts';

function member(state: MemberState): Member {
  const record = { uuid: 'u1', name: 'web-1', addresses: ['10.0.0.1'], port: 6768, zone: 'lan', groups: [] };
  const bytes = new Uint8Array();
  const alive = {
    kind: 'alive',
    body: bytes,
    signature: bytes,
    record: { ...record, incarnation: 1, key: bytes },
  } as const;
  return { uuid: 'u1', alive, incarnation: 1, state, sinceMs: 0, accusers: [] };
}

/** What the log says of a member that comes into states one after another, by level. */
function logOf(...happened: [kind: PoolEvent['kind'], state: MemberState][]): string[] {
  const told: string[] = [];
  const at = (level: string) => (message: string) =>
    told.push(`${level} ${message.replace('web-1 (u1, 10.0.0.1:6768) ', '')}`);
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  const news = new NodeNews({ log, timers: new VirtualTime(), emit: () => undefined }, 'me');
  for (const [kind, state] of happened) news.hear({ kind, member: member(state) } as PoolEvent);
  return told;
}

it('says at one level that a member is suspect and that it is not any more', () => {
  expect(logOf(['new', 'alive'], ['suspect', 'suspect'], ['alive', 'alive'])).toEqual([
    'info is a member now',
    'debug is suspect',
    'debug is suspect no more',
  ]);
});

it.each<[how: string, ...happened: Parameters<typeof logOf>]>([
  ['died', ['new', 'alive'], ['suspect', 'suspect'], ['dead', 'dead'], ['record', 'dead']],
  ['left', ['new', 'alive'], ['leave', 'leave']],
  ['was dead when this agent started', ['new', 'dead']],
  ['is suspected of being alive', ['new', 'dead'], ['suspect', 'suspect']],
])('says that a member is back which %s', (_, ...happened) => {
  expect(logOf(...happened, ['alive', 'alive']).at(-1)).toBe('info is back');
  expect(logOf(...happened, ['deleted', 'dead'], ['new', 'alive']).at(-1)).toBe('info is a member now');
});

it('tells when a zone that was reached is not any more, and when it is again', () => {
  const told: string[] = [];
  const write = (message: string): unknown => told.push(message);
  const emitted: Json[] = [];
  const news = new NodeNews(
    {
      log: { debug: write, info: write, warn: write, error: write },
      timers: new VirtualTime(),
      emit: (topic, data) => emitted.push({ topic, data }),
    },
    'me',
  );
  const see = (low: boolean, side = true): void =>
    news.hearZones([
      { name: 'low', parent: 'mid', unreachable: low },
      { name: 'side', parent: 'mid', unreachable: side },
    ]);
  for (const isAway of [true, false, false, true, true, false]) see(isAway);
  expect(told).toEqual([
    'zone low is unreachable: no proxy on the way to it is heard',
    'zone low is reached again',
  ]);
  expect(emitted).toEqual([
    { topic: 'zone', data: { zone: 'low', unreachable: true } },
    { topic: 'zone', data: { zone: 'low', unreachable: false } },
  ]);
});
