import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HttpResponse } from 'opsbro/sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ForwardQueue } from '../forward/queue.ts';
import { askedMs, HttpSender, samplesOf } from './http-sender.ts';
import { LabelMaker, type LabelRule } from './labels.ts';
import { readRequest, unsnappy } from './sample-receiver.ts';
import { snappyOf } from './snappy.ts';
import { writeRequest } from './write-request.ts';

describe('snappy', () => {
  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from('a')],
    ['a long literal', Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * index * 7919) % 251))],
    ['one byte many times', Buffer.alloc(200_000, 'x')],
    ['names that repeat', Buffer.from('web.host.cpu.user web.host.cpu.idle '.repeat(9000))],
    ['bytes across blocks', Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 31) >> 3))],
  ])('keeps %s', (_, bytes) => {
    expect(unsnappy(snappyOf(bytes)).equals(bytes)).toBe(true);
  });

  it('makes what repeats small', () => {
    expect(snappyOf(Buffer.alloc(65_536, 'ab')).length).toBeLessThan(4000);
  });
});

const labelsOf = (
  name: string,
  rules: LabelRule[] = [],
  fixed: { [label: string]: string } = {},
): { [label: string]: string } => {
  const maker = new LabelMaker(rules, fixed);
  const [series] = readRequest(
    snappyOf(writeRequest([{ labels: maker.of(name), time: 1_700_000_000, value: 1.5 }])),
  );
  expect(series!.samples).toEqual([[1_700_000_000_000, 1.5]]);
  expect(Object.keys(series!.labels)).toEqual(Object.keys(series!.labels).sort());
  return series!.labels;
};

it.each<[string, { [label: string]: string }]>([
  ['web.cpu-0.user', { __name__: 'web_cpu_0_user' }],
  ['9.a', { __name__: '_9_a' }],
  ['ä', { __name__: '_' }],
  ['disk;host=a=b;dc=x', { __name__: 'disk', dc: 'x', host: 'a=b' }],
  ['disk;__name__=evil;2x=é', { __name__: 'disk', _name__: 'evil', _2x: 'é' }],
])('makes labels of %s', (name, expected) => {
  expect(labelsOf(name)).toEqual(expected);
});

it('follows the first rule that matches, and adds what every series gets', () => {
  const rules = [
    { match: '*.cpu.*', name: ['cpu_$', '{2}'].join(''), labels: { instance: '$1', mode: 'x$2' } },
    { match: '*.*.*', name: 'other' },
  ];
  expect(labelsOf('web1.cpu.user;dc=x', rules, { cluster: 'c', instance: 'none' })).toEqual({
    ...{ __name__: 'cpu_user', cluster: 'c', dc: 'x', instance: 'web1', mode: 'xuser' },
  });
  expect(labelsOf('web1.mem.used', rules)).toEqual({ __name__: 'other' });
  expect(labelsOf('web1.cpu', rules)).toEqual({ __name__: 'web1_cpu' });
});

it('tells names apart that would become one series', () => {
  const maker = new LabelMaker([], {});
  const samples = samplesOf('a.b 1 10\na_b 2 10\na.b 3 20\n', maker);
  expect(readRequest(snappyOf(writeRequest(samples)))).toEqual([
    {
      labels: { __name__: 'a_b' },
      samples: [
        [10_000, 1],
        [20_000, 3],
      ],
    },
    { labels: { __name__: 'a_b', graphite_name: 'a_b' }, samples: [[10_000, 2]] },
  ]);
});

it('puts samples in order, and of one second takes the last', () => {
  const samples = samplesOf('a 1 30\na 2 10\nb 5 1\na 3 30\nbroken\n', new LabelMaker([], {}));
  expect(samples.map(({ time, value }) => [time, value])).toEqual([
    [10, 2],
    [30, 3],
    [1, 5],
  ]);
});

it.each<[string | undefined, number]>([
  [undefined, 0],
  ['120', 120_000],
  ['99999999', 3_600_000],
  ['Tue, 14 Nov 2023 22:13:30 GMT', 10_000],
  ['soon', 0],
  ['-1', 0],
])('reads Retry-After %s', (header, expected) => {
  expect(askedMs(header, 1_700_000_000_000)).toBe(expected);
});

describe('a sender', () => {
  let folder: string;
  let queue: ForwardQueue;
  let sender: HttpSender | undefined;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'opsbro-remote-write-'));
    queue = new ForwardQueue({
      ...{ folder, maxBytes: 2 ** 20, grown: () => sender?.soon(), tell: () => undefined },
    });
    await queue.open();
  });
  afterEach(async () => {
    await sender?.stop();
    await queue.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Starts one whose receiver answers as `answer` says, and whose waits end at once; what was asked and waited for is in the lists. */
  function start(answer: (points: string[], request: number) => Partial<HttpResponse> | Error): {
    taken: string[];
    waits: number[];
    refused: [number, string][];
    ups: boolean[];
  } {
    const seen = {
      ...{ taken: [] as string[], waits: [] as number[] },
      ...{ refused: [] as [number, string][], ups: [] as boolean[] },
    };
    let requests = 0;
    sender = new HttpSender({
      request: { url: 'http://receiver/' },
      queue,
      labels: new LabelMaker([], {}),
      async http({ bytes }) {
        const points = readRequest(bytes!).flatMap(({ labels, samples }) =>
          samples.map(([time, value]) => `${labels.__name__} ${value} ${time / 1000}`),
        );
        requests += 1;
        const answered = answer(points, requests);
        if (answered instanceof Error) throw answered;
        if ((answered.status ?? 200) < 300) seen.taken.push(...points);
        return { status: 200, headers: {}, text: '', truncated: false, url: '', durationMs: 0, ...answered };
      },
      random: () => 0.5,
      now: () => 0,
      async wait(ms, wake) {
        // An idle one waits until there is more; everything else ends at once.
        if (queue.bytes === 0) await new Promise<void>((resolve) => wake(resolve));
        else {
          seen.waits.push(ms);
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
      changed: (isUp) => void seen.ups.push(isUp),
      refused: (points, reason) => void seen.refused.push([points, reason]),
    });
    sender.start();
    return seen;
  }

  const push = async (text: string): Promise<void> => {
    queue.push(Buffer.from(text));
    await queue.flush();
  };

  it('sends what comes, in order', async () => {
    const { taken } = start(() => ({}));
    await push('a 1 10\n');
    await expect.poll(() => queue.bytes).toBe(0);
    await push('a 2 20\n');
    await expect.poll(() => taken).toEqual(['a 1 10', 'a 2 20']);
    expect(sender!.counts).toEqual({ sent: 2, refused: 0, retries: 0 });
  });

  it('tries again, later and later, and as late as it is asked to', async () => {
    const answers = [
      new Error('connection refused'),
      { status: 503 },
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 301 },
    ];
    const { taken, waits, ups } = start((_, request) => answers[request - 1] ?? { status: 204 });
    await push('a 1 10\n');
    await expect.poll(() => taken).toEqual(['a 1 10']);
    expect(waits).toEqual([500, 1000, 7000, 4000]);
    expect(ups).toEqual([false, false, false, false, true]);
    expect(sender!.counts.retries).toBe(4);
  });

  it('drops what the receiver takes for wrong, and only that', async () => {
    const { taken, refused } = start((points) =>
      points.includes('n77 77 10') ? { status: 400, text: 'out of order sample\n' } : { status: 204 },
    );
    await push(Array.from({ length: 1000 }, (_, index) => `n${index} ${index} 10\n`).join(''));
    await expect.poll(() => sender!.counts).toEqual({ sent: 999, refused: 1, retries: 0 });
    expect(refused).toEqual([[1, 'it answers 400: out of order sample']]);
    expect(new Set(taken).size).toBe(999);
    await expect.poll(() => queue.bytes).toBe(0);
  });

  it('does not look for what is wrong for ever', async () => {
    let requests = 0;
    start((_, request) => {
      requests = request;
      return { status: 400 };
    });
    await push(Array.from({ length: 1000 }, (_, index) => `n${index} ${index} 10\n`).join(''));
    await expect.poll(() => sender!.counts.refused).toBe(1000);
    expect(requests).toBe(81);
  });

  it('drops all of a request that is forbidden', async () => {
    const { refused } = start(() => ({ status: 401 }));
    await push('a 1 10\nb 1 10\n');
    await expect.poll(() => refused).toEqual([[2, 'it answers 401']]);
  });

  it('goes on after a disk that could not be read', async () => {
    vi.spyOn(queue, 'read').mockRejectedValueOnce(new Error('EIO: i/o error, read'));
    const { taken, ups } = start(() => ({}));
    await push('a 1 10\n');
    await expect.poll(() => taken).toEqual(['a 1 10']);
    expect(ups).toEqual([false, true]);
  });

  it('sends again after a restart what was not taken', async () => {
    const first = start(() => ({ status: 500 }));
    await push('a 1 10\n');
    await expect.poll(() => first.ups).toContain(false);
    await sender!.stop();
    const second = start(() => ({}));
    await expect.poll(() => second.taken).toEqual(['a 1 10']);
  });
});
