import { expect, it } from 'vitest';
import { encodeRecord } from './codec.ts';
import { unsignedIdentity } from './identity.ts';
import type { AliveClaim, Message } from './messages.ts';
import { Pool } from './pool.ts';
import { Prober } from './prober.ts';
import { type GossipSettings, lanSettings } from './settings.ts';
import { seededRandom, VirtualTime } from './simulation/virtual-time.ts';
import { bytesWire } from './wire.ts';

const own = (uuid: string) => ({ uuid, name: uuid, addresses: [uuid], port: 1, zone: 'lan', groups: [] });

function word(uuid: string, incarnation = 1): AliveClaim {
  const record = { ...own(uuid), incarnation, key: unsignedIdentity.key };
  const body = encodeRecord(record);
  return { kind: 'alive', body, signature: unsignedIdentity.sign(body), record };
}

/** A prober among others who only hear what it sends, and when. */
function proberOf(others: string[], changes: Partial<GossipSettings> = {}) {
  const time = new VirtualTime();
  const settings = { ...lanSettings, ...changes };
  const sent: { atMs: number; to: string; kinds: string; messages: Message[] }[] = [];
  const pool = new Pool({
    self: own('me'),
    incarnation: 1,
    settings,
    wire: bytesWire,
    timers: time,
    identity: unsignedIdentity,
    onEvent: () => {},
    onRefute: () => {},
  });
  for (const name of others) pool.take(word(name));
  const prober = new Prober({
    pool,
    settings,
    timers: time,
    random: seededRandom(1),
    send: (endpoint, messages) => {
      const kinds = messages.map(({ kind }) => kind).join(' ');
      sent.push({ atMs: time.now(), to: endpoint.slice(0, -2), kinds, messages });
    },
    knock: (_endpoint, timeoutMs, done) => time.after(timeoutMs, () => done('silent')),
  });
  /** Waits for the next ping of a round, and gives its time. */
  const nextPing = (): number => {
    const { length } = sent;
    const isPinged = (): boolean => sent.slice(length).some(({ kinds }) => kinds.startsWith('ping'));
    expect(time.until(isPinged, 60_000)).toBe(true);
    return time.now();
  };
  return { time, sent, pool, prober, nextPing };
}

it('asks three helpers after the timeout, and accuses after the interval who stays without answer', () => {
  const { time, sent, pool, prober, nextPing } = proberOf(['a', 'b', 'c', 'd', 'e']);
  prober.start();
  const startMs = nextPing();
  const target = sent[0]?.to ?? '';
  time.until(() => sent.length > 1, 5000);
  expect(time.now() - startMs).toBe(500);
  const helpers = sent.slice(1).map(({ kinds, to }) => [kinds, to === target]);
  expect(helpers).toEqual(Array(3).fill(['relay', false]));
  expect(new Set(sent.map(({ to }) => to)).size).toBe(4);
  time.until(() => pool.get(target)?.state === 'suspect', 5000);
  expect(time.now() - startMs).toBe(1000);
  expect(pool.get(target)?.accusers).toMatchObject([{ by: 'me', evidence: 'no-ack' }]);
});

it.each([
  [true, 'ping suspect'],
  [false, 'ping'],
])('with Lifeguard %s sends %s to one that is suspect: it can refute what it hears', (lifeguard, kinds) => {
  const { time, sent, pool, prober } = proberOf(['a'], { lifeguard });
  pool.take({ kind: 'suspect', uuid: 'a', incarnation: 1, by: 'b', evidence: 'no-ack' });
  prober.start();
  time.until(() => sent.length > 0, 5000);
  expect(sent[0]).toMatchObject({ to: 'a', kinds });
  if (lifeguard) expect(sent[0]?.messages[1]).toMatchObject({ uuid: 'a', incarnation: 1, by: 'me' });
});

it('answers one that it holds dead with that charge too', () => {
  const { sent, pool, prober } = proberOf(['a']);
  pool.take({ kind: 'dead', uuid: 'a', incarnation: 1, by: 'b', evidence: 'refused' });
  prober.hear('a:1', { kind: 'ping', sequence: 7, target: 'me', from: 'a' });
  expect(sent).toMatchObject([{ to: 'a', kinds: 'ack dead' }]);
});

it.each([
  [true, ['ping', 'nack']],
  [false, ['ping']],
])('asked to probe with Lifeguard %s does this, where no answer comes: %j', (lifeguard, kinds) => {
  const { time, sent, prober } = proberOf(['a', 'b'], { lifeguard });
  prober.hear('a:1', { kind: 'relay', sequence: 7, target: 'b', from: 'a' });
  time.pass(1000);
  expect(sent.map((one) => one.kinds)).toEqual(kinds);
  // Before the asker's own timeout of half a second is over.
  if (lifeguard)
    expect(sent[1]).toMatchObject({ atMs: 400, to: 'a', messages: [{ sequence: 7, from: 'me' }] });
});

it('gives others up to eight times the time where it is slow itself', () => {
  const { time, sent, prober, nextPing } = proberOf(['a', 'b', 'c', 'd', 'e']);
  prober.changeHealth(7);
  prober.start();
  const startMs = nextPing();
  time.until(() => sent.length > 1, 60_000);
  expect(time.now() - startMs).toBe(4000);
  expect(nextPing() - startMs).toBe(8000);
});
