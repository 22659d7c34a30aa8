import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { deliver, sendQueued } from '../../overcli/deliver.ts';
import { Failure } from '../../overcli/failure.ts';
import { createLog } from '../../overcli/log.ts';
import { type Moment, secondsBetween } from '../../overcli/queue/boot.ts';
import { queueRoots, queueTarget } from '../../overcli/queue/place.ts';
import { maxReports, ReportQueue } from '../../overcli/queue/report-queue.ts';
import { SendingTurn } from '../../overcli/queue/sending-turn.ts';
import { alertReport, type Report } from '../../overcli/report.ts';
import { workplace } from './overcli-run.ts';

const place = workplace();
afterAll(() => place.remove());
let now: Moment;
let root: string;
let queue: ReportQueue;
let count = 0;

beforeEach(() => {
  now = { wallMs: 1_000_000_000, uptimeS: 5000, boot: 'one' };
  count += 1;
  root = join(place.path, `root-${count}`);
  queue = new ReportQueue([root], 'target', () => now);
});

const messages = (): (string | undefined)[] =>
  queue.names().map((name) => {
    const waiting = queue.read(name);
    return typeof waiting === 'string' ? waiting : messageOf(waiting.report);
  });
const messageOf = (report: Report): string | undefined =>
  'alerts' in report.body ? report.body.alerts[0]?.message : undefined;

describe('the queue', () => {
  it('touches nothing while nothing is to be kept', () => {
    expect(queue.names()).toEqual([]);
    expect(readdirSync(place.path)).not.toContain(`root-${count}`);
  });

  it('gives reports in order, with their age by the clock that nobody sets', () => {
    queue.add(alertReport('one'));
    now = { wallMs: 0, uptimeS: 5060.4, boot: 'one' };
    queue.add(alertReport('two'));
    expect(messages()).toEqual(['one', 'two']);
    expect(queue.names().map((name) => queue.read(name))).toMatchObject([{ ageS: 60 }, { ageS: 0 }]);
  });

  it('takes the age from the other clock once the machine was started anew', () => {
    const earlier = { wallMs: 10_000, uptimeS: 5000, boot: 'one' };
    expect(secondsBetween(earlier, { wallMs: 40_000, uptimeS: 10, boot: 'two' })).toBe(30);
    expect(secondsBetween(earlier, { wallMs: 5000, uptimeS: 10, boot: 'two' })).toBe(0);
  });

  it('drops the oldest beyond its size, and tells how many', () => {
    queue.add(alertReport('0'));
    const directory = join(root, 'target');
    const text = readFileSync(join(directory, queue.names()[0] ?? ''), 'utf8');
    for (let number = 2; number < maxReports; number += 1)
      writeFileSync(
        join(directory, `${String(number).padStart(12, '0')}-x.json`),
        text.replace('"0"', `"${number - 1}"`),
      );
    const dropped = ['last', 'one more', 'and one'].map((message) => queue.add(alertReport(message)));
    expect(dropped).toEqual([0, 1, 1]);
    expect(queue.names()).toHaveLength(maxReports);
    expect(queue.read(queue.names()[0] ?? '')).toMatchObject({ report: alertReport('2') });
  });

  it('drops what is older than a day, and what is damaged', () => {
    queue.add(alertReport('old'));
    now = { ...now, uptimeS: now.uptimeS + 24 * 3600 + 1 };
    queue.add(alertReport('new'));
    writeFileSync(join(root, 'target', '000000000009-x.json'), '{"route":');
    expect(messages()).toEqual(['too old', 'new', 'damaged']);
    expect(messages()).toEqual(['new']);
  });

  it('removes what a killed process left unfinished, a day later', () => {
    queue.add(alertReport('one'));
    const draft = join(root, 'target', '.new-1-x');
    writeFileSync(draft, '{');
    const old = now.wallMs / 1000 - 25 * 3600;
    utimesSync(draft, old, old);
    queue.add(alertReport('two'));
    expect(readdirSync(join(root, 'target'))).not.toContain('.new-1-x');
    expect(messages()).toEqual(['one', 'two']);
  });

  it('goes where it may, and never where others may write', () => {
    const open = join(place.path, `open-${count}`);
    mkdirSync(open);
    chmodSync(open, 0o777);
    new ReportQueue([open, root], 'target', () => now).add(alertReport('one'));
    expect([readdirSync(open), messages()]).toEqual([[], ['one']]);
    expect(() => new ReportQueue([open], 'target').add(alertReport('x'))).toThrow(
      'should be a directory that is yours alone',
    );
    mkdirSync(join(open, 'target'));
    writeFileSync(join(open, 'target', '000000000001-x.json'), JSON.stringify(alertReport('forged')));
    expect(new ReportQueue([open, root], 'target').names()).toEqual(queue.names());
  });

  it('has a place of its own for each server and name', () => {
    expect(queueTarget({ origin: 'https://mon.example.com', name: '../a b' })).toBe(
      'mon.example.com_443_..%2Fa%20b',
    );
    const long = ['x', 'y'].map((end) =>
      queueTarget({ origin: 'http://h', name: `${'ä'.repeat(99)}${end}` }),
    );
    expect(new Set(long).size).toBe(2);
    expect(long.every((name) => name.length <= 200)).toBe(true);
  });

  it.each([
    [{ OVERCLI_QUEUE: '/q' }, 0, ['/q']],
    [{ HOME: '/srv/x' }, 0, ['/var/lib/overcli']],
    [{ HOME: '/srv/x' }, 1000, ['/srv/x/.local/state/overcli', expect.stringMatching(/\/overcli-1000$/)]],
    [
      { HOME: '/srv/x', XDG_STATE_HOME: '/s' },
      1000,
      ['/s/overcli', expect.stringMatching(/\/overcli-1000$/)],
    ],
  ])('with %j and user %i lies in %j', (env, uid, roots) => {
    expect(queueRoots(env, uid)).toEqual(roots);
  });
});

describe('the turn to send', () => {
  beforeEach(() => mkdirSync(root));

  it('is one at a time, and free again once it is given up', () => {
    const turn = SendingTurn.take(root);
    expect(turn).toBeDefined();
    expect(SendingTurn.take(root)).toBeUndefined();
    turn?.release();
    const next = SendingTurn.take(root);
    expect(next).toBeDefined();
    expect(readdirSync(root)).toHaveLength(1);
  });

  it.each([
    ['a process that is gone', `4194300:1:boot`],
    ['one whose number another process has now', `${process.pid}:1:boot`],
    ['nobody that can be told', 'nonsense'],
  ])('of %s is anybody’s', (_, target) => {
    symlinkSync(target, join(root, 'turn-000000000007'));
    expect(SendingTurn.take(root)).toBeDefined();
    expect(readdirSync(root)).toEqual(['turn-000000000008']);
  });
});

describe('delivering', () => {
  const endpoint = { origin: 'http://h', authorization: undefined, name: 'a', key: 'b' };
  const lines: string[] = [];
  const log = createLog(0, (line) => lines.push(line));
  let posted: string[];
  let answers: (Failure | undefined)[];
  let waited: number[];
  const delivery = (): Parameters<typeof deliver>[0] => ({
    endpoint,
    log,
    queue,
    clock: () => waited.reduce((sum, ms) => sum + ms, 0),
    pause: async (ms) => {
      waited.push(ms);
    },
    client: {
      post: async (_endpoint, _route, body) => {
        const answer = answers.shift();
        if (answer !== undefined) throw answer;
        const { alerts, age } = body as { alerts: { message: string }[]; age?: number };
        posted.push(`${alerts[0]?.message} ${age ?? 'now'}`);
      },
    },
  });
  const refused = (status: number): Failure => new Failure('refused', `${status}`, { status });
  const unsent = (status?: number, retryAfterS?: number): Failure =>
    new Failure('unsent', 'no', { ...(status && { status }), ...(retryAfterS && { retryAfterS }) });

  beforeEach(() => {
    posted = [];
    answers = [];
    waited = [];
    lines.length = 0;
    for (const message of ['one', 'two']) queue.add(alertReport(message));
    now = { ...now, uptimeS: now.uptimeS + 30 };
  });

  it('sends what waits first, with its age, then the new one', async () => {
    await deliver(delivery(), alertReport('new'));
    expect([posted, queue.names()]).toEqual([['one 30', 'two 30', 'new now'], []]);
  });

  it('queues the new one behind what cannot be sent', async () => {
    answers = [undefined, unsent()];
    await expect(deliver(delivery(), alertReport('new'), now)).rejects.toThrow(/^queued: no \(2 in /);
    expect([posted, messages()]).toEqual([['one 30'], ['two', 'new']]);
  });

  it('drops one that the server finds wrong, and goes on', async () => {
    answers = [refused(400)];
    await deliver(delivery(), alertReport('new'));
    expect(posted).toEqual(['two 30', 'new now']);
    expect(lines).toEqual(['dropped a report from the queue: 400']);
  });

  it('keeps what waits when the server refuses the sender, and not the new one', async () => {
    answers = [refused(403)];
    await expect(deliver(delivery(), alertReport('new'))).rejects.toMatchObject({ code: 'refused' });
    expect([posted, messages()]).toEqual([[], ['one', 'two']]);
  });

  it('waits as long as a busy server asks, but not for ever', async () => {
    answers = [unsent(429, 7), unsent(429)];
    await deliver(delivery(), alertReport('new'));
    expect([posted.length, waited]).toEqual([3, [7000, 1000]]);
    queue.add(alertReport('late'));
    answers = [unsent(429, 300)];
    await expect(sendQueued(delivery())).rejects.toMatchObject({ code: 'unsent', status: 429 });
  });

  it('waits for a busy server with the new one too, and queues what that wants much later', async () => {
    for (const name of queue.names()) queue.remove(name);
    answers = [unsent(503, 4), unsent(429, 0)];
    await deliver(delivery(), alertReport('new'));
    expect([posted, waited]).toEqual([['new now'], [4000, 1000]]);
    answers = Array.from({ length: 100 }, () => unsent(429));
    await expect(deliver(delivery(), alertReport('later'), now)).rejects.toThrow(/^queued: no \(1 in /);
    expect(waited).toHaveLength(12);
    for (const name of queue.names()) queue.remove(name);
    for (const answer of [unsent(503), unsent(503, 11), unsent(500, 1), unsent()]) {
      answers = [answer];
      await expect(deliver(delivery(), alertReport('later'), now)).rejects.toMatchObject({ code: 'queued' });
      for (const name of queue.names()) queue.remove(name);
    }
    expect(waited).toHaveLength(12);
  });

  it('waits for another process that sends, then queues', async () => {
    const turn = queue.takeTurn();
    await expect(deliver(delivery(), alertReport('new'), now)).rejects.toThrow(
      /^queued: another process is sending/,
    );
    expect(messages()).toEqual(['one', 'two', 'new']);
    turn?.release();
  });

  it('sends the new one even where the queue cannot be locked', async () => {
    const broken = delivery();
    broken.queue.takeTurn = () => {
      throw new Error('disk full');
    };
    await deliver(broken, alertReport('new'));
    expect([posted, lines]).toEqual([['new now'], ['cannot send what is queued: disk full']]);
  });

  it('does not stop at a file that is removed meanwhile', async () => {
    const names = queue.names();
    const { client, ...rest } = delivery();
    await sendQueued({
      ...rest,
      client: {
        post: async (...words) => {
          rmSync(join(root, 'target', names[1] ?? ''), { force: true });
          await client.post(...words);
        },
      },
    });
    expect([posted, lines]).toEqual([['one 30'], []]);
  });
});
