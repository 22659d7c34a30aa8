import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../core/clock.ts';
import type { ExecThreadData } from '../../exec/command.ts';
import { ExecClient } from '../../exec/exec-client.ts';
import { HandClock } from '../core/schedule/test-clock.ts';
import { type HandWorker, handClient, turn } from './hand-worker.ts';
import { processesWith } from './lanes/pool-fixture.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the client of the exec thread', () => {
  let workers: HandWorker[];
  let clock: HandClock;
  let client: ExecClient;

  beforeEach(() => {
    ({ client, clock, workers } = handClient({ maxPending: 3 }));
  });

  it('starts the thread with the first command, and sends those of one turn as one message', async () => {
    expect(workers).toHaveLength(0);
    const runs = [client.run({ argv: ['a'] }), client.run({ shell: 'b', timeoutMs: 5 })];
    await turn();
    expect(workers[0]?.requests).toMatchObject([
      {
        type: 'run',
        commands: [
          { id: 1, argv: ['a'], shell: null, timeoutMs: 30_000 },
          { id: 2, shell: 'b', timeoutMs: 5 },
        ],
      },
    ]);
    workers[0]?.answer(2, 1, 77);
    expect((await Promise.all(runs)).map(({ id, output }) => [id, output])).toEqual([
      [1, 'fine'],
      [2, 'fine'],
    ]);
    expect(client.pending).toBe(0);
  });

  it('keeps output in memory, in a directory of the data directory, or in it', async () => {
    void client.run({ argv: ['a'] });
    await turn();
    expect(workers[0]?.data.directories).toEqual([
      expect.stringMatching(/^\/dev\/shm\/opsbro-\d+-[0-9a-f]{12}$/),
      '/data/exec',
    ]);
  });

  it('refuses more than it may hold, as UNKNOWN', async () => {
    const runs = [1, 2, 3, 4].map(() => client.run({ argv: ['a'] }));
    expect(await runs[3]).toMatchObject({
      state: 'unknown',
      refused: '3 commands wait already',
      output: 'not run to an end: 3 commands wait already',
    });
    expect(client.pending).toBe(3);
    await turn();
  });

  it('tells what was lost with a thread that died, and starts another a second later', async () => {
    const lost = client.run({ argv: ['a'] });
    await turn();
    const unsent = client.run({ argv: ['b'] });
    workers[0]?.die('out of memory');
    expect((await lost).refused).toBe('the thread that ran it is gone: out of memory');
    expect((await unsent).refused).toMatch(/is started again soon/);
    expect((await client.run({ argv: ['c'] })).refused).toMatch(/is started again soon/);
    clock.advance(1000);
    const next = client.run({ argv: ['d'] });
    await turn();
    expect(workers).toHaveLength(2);
    workers[1]?.answer(4);
    expect((await next).state).toBe('ok');
  });

  it('ends a thread that does not answer', async () => {
    const run = client.run({ argv: ['a'], timeoutMs: 10_000 });
    await turn();
    clock.advance(85_000);
    expect(workers[0]?.isEnded).toBe(false);
    clock.advance(5000);
    expect(workers[0]?.isEnded).toBe(true);
    expect((await run).refused).toBe('the thread that ran it did not answer in time');
  });

  it('blames no thread for the time in which the process itself stood still', async () => {
    const run = client.run({ argv: ['a'], timeoutMs: 10_000 });
    await turn();
    clock.freeze(3_600_000);
    clock.advance(1);
    expect(workers[0]?.isEnded).toBe(false);
    workers[0]?.answer(1);
    expect((await run).state).toBe('ok');
    const lost = client.run({ argv: ['b'], timeoutMs: 10_000 });
    await turn();
    clock.freeze(3_600_000);
    clock.advance(80_000);
    expect(workers[0]?.isEnded).toBe(false);
    clock.advance(10_000);
    expect((await lost).refused).toBe('the thread that ran it did not answer in time');
  });

  it('stops a thread that does not say so, and refuses what comes later', async () => {
    const run = client.run({ argv: ['a'] });
    await turn();
    const stopped = client.stop();
    expect(workers[0]?.requests.at(-1)).toEqual({ type: 'stop' });
    clock.advance(2000);
    await stopped;
    expect(workers[0]?.isEnded).toBe(true);
    expect((await run).refused).toBe('the agent is stopping');
    expect((await client.run({ argv: ['a'] })).refused).toBe('the agent is stopping');
    await client.stop();
  });
});

describe('the exec thread', () => {
  let dataDirectory: string;
  let client: ExecClient;
  const open = (shell?: null): ExecClient =>
    new ExecClient({ dataDirectory, clock: systemClock, ...(shell === null ? { shell } : {}) });
  /** Directories for output that belong to this test's data directory: other agents have theirs. */
  const outputs = (): string[] => {
    const name = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 12);
    return readdirSync('/dev/shm').filter((entry) => entry.startsWith('opsbro-') && entry.endsWith(name));
  };

  beforeEach(() => {
    dataDirectory = mkdtempSync(join(tmpdir(), 'opsbro-exec-data-'));
    client = open();
  });

  afterEach(async () => {
    await client.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  });

  it('runs commands and reads them as plugins', async () => {
    const runs = await Promise.all([
      client.run({ argv: ['printf', 'DISK CRITICAL | /=93%%;80;90\nlong'], timeoutMs: 20_000 }),
      client.run({ shell: 'echo warn; exit 1' }),
      client.run({ shell: 'sleep 20', timeoutMs: 100 }),
      client.run({ argv: ['no-such-program'] }),
      client.run({ argv: [] }),
    ]);
    expect(runs).toMatchObject([
      { state: 'ok', output: 'DISK CRITICAL', longOutput: 'long', perfdata: [{ label: '/', value: 93 }] },
      { state: 'warning', output: 'warn' },
      { state: 'unknown', output: expect.stringMatching(/^timed out after 0.1 s/), timedOut: true },
      { state: 'unknown', code: 127 },
      { state: 'unknown', refused: 'it is empty' },
    ]);
  });

  it('leaves neither files nor processes when it stops', async () => {
    const mark = `mark-${process.pid}-${Date.now()}`;
    const run = client.run({ argv: ['sleep', '60'], environment: { MARK: mark } });
    await expect.poll(() => processesWith(mark, 'environ').length).toBe(2);
    expect(outputs()).toHaveLength(1);
    await client.stop();
    expect((await run).state).toBe('unknown');
    await expect.poll(() => processesWith(mark, 'environ')).toEqual([]);
    expect(outputs()).toEqual([]);
  });

  it('runs words by Node itself where there is no shell', async () => {
    await client.stop();
    client = open(null);
    const runs = await Promise.all([
      client.run({ argv: ['sh', '-c', 'echo a; echo b >&2; exit 2'] }),
      client.run({ argv: ['sh', '-c', 'sleep 20 & sleep 20'], timeoutMs: 100 }),
      client.run({ argv: ['yes'] }),
      client.run({ argv: ['sh', '-c', 'sleep 20 & echo a'] }),
      client.run({ argv: ['/no/such'] }),
      client.run({ shell: 'echo a' }),
      client.run({ argv: ['id'], runAs: 'nobody' }),
    ]);
    expect(runs).toMatchObject([
      { state: 'critical', code: 2 },
      { state: 'unknown', timedOut: true, signal: 'SIGTERM' },
      { state: 'unknown', killedFor: 'flood', truncated: true },
      { state: 'ok', output: 'a' },
      { state: 'unknown', code: 127 },
      { state: 'unknown', refused: 'there is no POSIX shell; give the script as a list of words' },
      { state: 'unknown', refused: 'there is no POSIX shell to change user or niceness with' },
    ]);
  });

  it('goes on when a command makes of its output file what cannot be looked at', async () => {
    const knot = 'f=$(readlink /proc/self/fd/2); rm "$f"; ln -s "$f" "$f"; sleep 0.4';
    const [tied, other] = await Promise.all([
      client.run({ shell: knot }),
      client.run({ shell: 'sleep 0.4; echo a' }),
    ]);
    expect(other).toMatchObject({ state: 'ok', output: 'a', refused: null });
    expect(tied.refused).toContain('its output could not be kept');
  });

  it('runs nothing for somebody who has left already', async () => {
    const run = await client.run({ argv: ['sleep', '60'] }, AbortSignal.abort());
    expect(run).toMatchObject({ state: 'unknown', refused: 'nobody waits for it' });
  });

  it('kills what ran in the lanes of a thread that died, and goes on with another', async () => {
    await client.stop();
    const threads: Worker[] = [];
    const clock = new HandClock();
    const startWorker = (workerData: ExecThreadData): Worker => {
      threads.push(new Worker(`${root}dist/exec/exec-thread.js`, { workerData, execArgv: [] }));
      return threads.at(-1) as Worker;
    };
    client = new ExecClient({ dataDirectory, clock, startWorker });
    const mark = `mark-${process.pid}-${Date.now()}`;
    const run = client.run({ shell: 'sleep 60; true', environment: { MARK: mark } });
    await expect.poll(() => processesWith(mark, 'environ').length).toBeGreaterThan(2);
    await threads[0]?.terminate();
    expect((await run).refused).toBe('the thread that ran it is gone: it ended');
    await expect.poll(() => processesWith(mark, 'environ')).toEqual([]);
    clock.advance(1000);
    expect(await client.run({ argv: ['echo', 'a'] })).toMatchObject({ output: 'a' });
  });

  it('leaves shells that end by themselves when the process is killed', async () => {
    const mark = `mark-${process.pid}-${Date.now()}`;
    const script = `
      import { ExecClient } from '${root}dist/exec/exec-client.js';
      import { systemClock } from '${root}dist/core/clock.js';
      setInterval(() => {}, 1000);
      const client = new ExecClient({ dataDirectory: '${dataDirectory}', clock: systemClock });
      const environment = { MARK: '${mark}' };
      await Promise.all([1, 2].map(() => client.run({ argv: ['true'], environment })));
      void client.run({ argv: ['sleep', '0.5'], environment });
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    await expect.poll(() => processesWith(mark, 'environ').length).toBeGreaterThanOrEqual(2);
    expect(outputs()).toHaveLength(1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect.poll(() => processesWith(mark, 'environ')).toEqual([]);
    expect(await client.run({ argv: ['echo', 'a'] })).toMatchObject({ output: 'a' });
    expect(outputs()).toHaveLength(1);
  });
});
