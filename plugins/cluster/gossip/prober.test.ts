import { expect, it } from 'vitest';
import { encodeRecord } from './codec.ts';
import { unsignedIdentity } from './identity.ts';
import type { AliveClaim, Message } from './messages.ts';
import { Pool } from './pool.ts';
import { Prober } from './prober.ts';
import { type GossipSettings, lanSettings, wanSettings } from './settings.ts';
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
  /** Answers to the ping of a round, `afterMs` later. */
  const answerPing = (afterMs: number): void => {
    nextPing();
    const ping = sent.findLast(({ kinds }) => kinds.startsWith('ping'))?.messages[0];
    if (ping?.kind !== 'ping') throw new Error('no ping');
    time.pass(afterMs);
    prober.hear(`${ping.target}:1`, { kind: 'ack', sequence: ping.sequence, from: ping.target });
  };
  /** What the helpers of a round say who do not reach its target. */
  const nacks = (): { from: string; message: Message & { kind: 'nack' } }[] =>
    sent.flatMap(({ to, messages: [relay] }) =>
      relay?.kind === 'relay'
        ? [{ from: `${to}:1`, message: { kind: 'nack', sequence: relay.sequence, from: to, refused: false } }]
        : [],
    );
  return { time, sent, pool, prober, nextPing, answerPing, nacks };
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

it.each([
  ['as soon as all helpers say that they do not reach it', 0, 3, 700],
  ['after the interval where one of them says nothing', 0, 2, 1000],
  ['after its own longer interval where it may be slow itself', 1, 3, 2000],
])('accuses who stays without answer %s', (_title, health, told, expected) => {
  const { time, sent, pool, prober, nextPing, nacks } = proberOf(['a', 'b', 'c', 'd', 'e']);
  prober.changeHealth(health);
  prober.start();
  const startMs = nextPing();
  const target = sent[0]?.to ?? '';
  time.until(() => nacks().length === 3, 5000);
  const heardMs = startMs + 700 * (health + 1);
  time.pass(heardMs - time.now());
  for (const { from, message } of nacks().slice(0, told)) prober.hear(from, message);
  time.until(() => pool.get(target)?.state === 'suspect', 5000);
  expect(time.now() - startMs).toBe(expected);
});

it('accuses a target once a probe: who refutes early is not accused of its newer word', () => {
  const { time, sent, pool, prober, nextPing, nacks } = proberOf(['a', 'b', 'c', 'd', 'e']);
  prober.start();
  const startMs = nextPing();
  const target = sent[0]?.to ?? '';
  time.until(() => nacks().length === 3, 5000);
  for (const { from, message } of nacks()) prober.hear(from, message);
  pool.take(word(target, 2));
  time.pass(startMs + 1000 - time.now());
  expect(pool.get(target)).toMatchObject({ state: 'alive', incarnation: 2 });
});

it('says sooner that it reaches nobody where all others answer fast', () => {
  const { time, sent, prober, answerPing } = proberOf(['a', 'b', 'c']);
  prober.start();
  for (let round = 0; round < 20; round += 1) answerPing(2);
  const startMs = time.now();
  prober.hear('a:1', { kind: 'relay', sequence: 7, target: 'b', from: 'a' });
  time.until(() => sent.at(-1)?.kinds === 'nack', 5000);
  expect(time.now() - startMs).toBe(120);
});

it('says so before the asker gives up where a timeout is most of an interval', () => {
  const { time, sent, prober } = proberOf(['a', 'b'], wanSettings);
  prober.hear('a:1', { kind: 'relay', sequence: 7, target: 'b', from: 'a' });
  time.until(() => sent.at(-1)?.kinds === 'nack', 10_000);
  const { probeTimeoutMs, probeIntervalMs } = wanSettings;
  expect(probeTimeoutMs + time.now()).toBeLessThan(probeIntervalMs);
});
