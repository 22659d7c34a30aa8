import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.ts';
import { type CheckRun, type ExecReply, refusedEnd } from '../../exec/command.ts';
import { ExecClient } from '../../exec/exec-client.ts';
import { KnownRequests } from '../../exec/known-requests.ts';
import type { HandClock } from '../core/schedule/test-clock.ts';
import { type HandWorker, handClient, turn } from './hand-worker.ts';

describe('a client whose requests come again', () => {
  let workers: HandWorker[];
  let clock: HandClock;
  let client: ExecClient;

  beforeEach(() => {
    ({ client, clock, workers } = handClient({ maxKnown: 2 }));
  });

  /** The ids of those that were sent whole, and the numbers of the others, of each message. */
  const sentTo = (worker: HandWorker | undefined): unknown[] =>
    (worker?.requests ?? []).map((request) =>
      request.type === 'run'
        ? request.commands.map((sent) => (typeof sent === 'number' ? sent : { id: sent.id, slot: sent.slot }))
        : request.type,
    );

  it('asks for what it asked for before by a number, and takes an end that is that of the run before', async () => {
    const request = { argv: ['a'], timeoutMs: 7 };
    for (const id of [1, 2]) {
      const run = client.run(request);
      await turn();
      workers[0]?.answer(id);
      await run;
    }
    const [third, other] = [client.run(request), client.run({ ...request })];
    await turn();
    expect(sentTo(workers[0])).toEqual([
      [{ id: 1, slot: null }],
      [{ id: 2, slot: 1 }],
      [3, 1, { id: 4, slot: null }],
    ]);
    workers[0]?.emit('message', { type: 'ran', runs: [3, 1.5] } satisfies ExecReply);
    expect(await third).toMatchObject({ id: 3, durationMs: 1.5, state: 'ok', output: 'fine' });
    workers[0]?.die('gone');
    expect((await other).state).toBe('unknown');
    clock.advance(1000);
    void client.run(request);
    await turn();
    expect(sentTo(workers[1])).toEqual([[{ id: 5, slot: 1 }]]);
  });

  it('gives its numbers anew when they are used up, once all is sent that goes by them', async () => {
    const requests = [{ argv: ['a'] }, { argv: ['b'] }, { argv: ['c'] }];
    const runBoth = async (): Promise<void> => {
      const runs = requests.slice(0, 2).map((request) => client.run(request));
      await turn();
      workers[0]?.answer(...[1, 2, 3, 4]);
      await Promise.all(runs);
    };
    await runBoth();
    await runBoth();
    const [last, more] = [client.run(requests[0] ?? {}), client.run(requests[2] ?? {})];
    await turn();
    expect(sentTo(workers[0])).toEqual([
      [
        { id: 1, slot: null },
        { id: 2, slot: null },
      ],
      [
        { id: 3, slot: 1 },
        { id: 4, slot: 2 },
      ],
      'forget',
      [
        { id: 5, slot: null },
        { id: 6, slot: null },
      ],
    ]);
    workers[0]?.answer(5, 6);
    await Promise.all([last, more]);
  });

  it('holds no end that the thread will not refer to', async () => {
    const request = { argv: ['a'] };
    void client.run(request);
    await turn();
    workers[0]?.answer(1);
    const held = await (async () => {
      const run = client.run(request);
      await turn();
      const end = { ...refusedEnd(2, 'late'), output: 'x'.repeat(60_000), longOutput: '', perfdata: [] };
      const told: CheckRun = { ...end, state: 'unknown' };
      workers[0]?.emit('message', { type: 'ran', runs: [told] } satisfies ExecReply);
      return new WeakRef((await run).perfdata);
    })();
    await turn();
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    expect(held.deref()).toBeUndefined();
  });
});

it('has no number left once what goes by numbers is millions of letters', () => {
  const known = new KnownRequests(1000);
  const requests = Array.from({ length: 4 }, () => ({
    shell: 'x'.repeat(2_000_000),
    environment: { A: '1' },
  }));
  for (const request of requests) {
    expect(known.isFull).toBe(false);
    expect(known.of(request)).toBeNull();
    known.of(request);
    known.of(request);
  }
  expect(known.isFull).toBe(true);
  known.forget();
  expect([known.isFull, known.of(requests[0] ?? {})]).toEqual([false, null]);
});

describe('a request that comes again', () => {
  let dataDirectory: string;
  let client: ExecClient;

  beforeEach(() => {
    dataDirectory = mkdtempSync(join(tmpdir(), 'opsbro-exec-data-'));
    client = new ExecClient({ dataDirectory, clock: systemClock });
  });

  afterEach(async () => {
    await client.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  });

  it('tells each run of a request its own end, the same as before or another', async () => {
    const file = join(dataDirectory, 'said');
    const request = { shell: `cat ${file}; exit $(wc -l <${file})` };
    const long = 'x'.repeat(3000);
    const ends: unknown[] = [];
    const said = [
      'a',
      'a',
      'a',
      'a\n',
      'a\n',
      'b|c=1',
      'b|c=1',
      'b|c=1',
      long,
      long,
      'a',
      'a\nb\nc\nd\n',
      'a',
    ];
    for (const text of said) {
      writeFileSync(file, text);
      const { state, output, perfdata } = await client.run(request);
      ends.push([state, output, perfdata.map(({ value }) => value)]);
    }
    const kinds = new Map<string, unknown>([
      ['a', ['ok', 'a', []]],
      ['a\n', ['warning', 'a', []]],
      ['b|c=1', ['ok', 'b', [1]]],
      [long, ['ok', long, []]],
      ['a\nb\nc\nd\n', ['unknown', 'exit code 4 is none of 0 to 3: a', []]],
    ]);
    expect(ends).toEqual(said.map((text) => kinds.get(text)));
  });

  it('mixes up no ends of a request that runs many times at once', async () => {
    const file = join(dataDirectory, 'count');
    writeFileSync(file, '0');
    const request = {
      shell: `flock ${file} sh -c 'n=$(($(cat ${file}) + 1)); echo $n >${file}; echo $((n / 10))'`,
    };
    const outputs: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const runs = await Promise.all(Array.from({ length: 20 }, () => client.run(request)));
      outputs.push(...runs.map(({ output }) => output));
    }
    const expected = Array.from({ length: 40 }, (_, index) => String(Math.floor((index + 1) / 10)));
    expect(outputs.sort()).toEqual(expected.sort());
  });

  it('looks for a program again each time that it is named alone', async () => {
    const request = { argv: ['later'], environment: { PATH: `${dataDirectory}:/usr/bin:/bin` } };
    for (let run = 0; run < 4; run += 1) expect(await client.run(request)).toMatchObject({ code: 127 });
    writeFileSync(join(dataDirectory, 'later'), '#!/bin/sh\necho here\n', { mode: 0o755 });
    expect(await client.run(request)).toMatchObject({ state: 'ok', output: 'here' });
  });
});
