import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { systemClock } from '../../../core/clock.ts';
import { compileValue } from '../../../language/compile.ts';
import { ExpressionEngine } from '../../../language/engine/engine.ts';
import type { SpawnThread } from '../../../language/engine/lane.ts';
import { defaultExpressionLimits, type Outcome } from '../../../language/program.ts';
import { threadEntry } from '../../../threads/entry.ts';
import { factsOf, printed, scopeOf } from './fixture.ts';

const real: SpawnThread = (workerData) =>
  new Worker(threadEntry('expression-thread'), { workerData, env: {} });

function startWith(spawn: SpawnThread, watchdogMs: number): ExpressionEngine {
  const engine = new ExpressionEngine({
    limits: { ...defaultExpressionLimits, watchdogMs },
    callFunction: async () => ({ ok: true, value: 'x'.repeat(5000) }),
    clock: systemClock,
    spawn,
  });
  const texts = { sum: '1 + 1', asks: "len(get_env('x'))" };
  const programs = Object.entries(texts).map(([id, text]) => compileValue(id, text, scopeOf(), 'opsbro'));
  engine.put(programs.flatMap(({ program }) => (program === undefined ? [] : [program])));
  return engine;
}

const evaluate = async (engine: ExpressionEngine, id: string): Promise<Outcome> =>
  (await engine.evaluate([id], factsOf()))[0] as Outcome;

it('replaces a thread that died between two evaluations, and charges nobody', async () => {
  const workers: Worker[] = [];
  const engine = startWith((data) => {
    const worker = real(data);
    workers.push(worker);
    return worker;
  }, 300);
  expect(printed(await evaluate(engine, 'sum'))).toBe('2');
  await workers[0]?.terminate();
  expect(engine.figures().threads).toBe(0);
  expect(printed(await evaluate(engine, 'sum'))).toBe('2');
  expect(engine.figures()).toMatchObject({ kills: 0, restarts: 1 });
  await engine.stop();
});

it('goes on without a thread that a system call holds, and stops without it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-lane-'));
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const stuck = `const { parentPort } = require('node:worker_threads');
    parentPort.on('message', () => require('node:fs').readFileSync(${JSON.stringify(fifo)}));
    parentPort.postMessage({ type: 'ready', thread: '' });`;
  let spawned = 0;
  const engine = startWith((data) => {
    spawned += 1;
    return spawned === 2 ? real(data) : new Worker(stuck, { eval: true });
  }, 25);
  expect(printed(await evaluate(engine, 'sum'))).toBe('2');
  await engine.stop();
  closeSync(openSync(fifo, constants.O_RDWR));
  rmSync(folder, { recursive: true });
});

it('refuses what a host function gave when it is too large for the sandbox', async () => {
  const engine = startWith(real, 300);
  expect(await evaluate(engine, 'asks')).toMatchObject({
    kind: 'error',
    error: {
      code: 'OPSBRO_EXPRESSION_FUNCTION',
      message: 'get_env: its result cannot be used: a text over 4096 characters',
    },
  });
  await engine.stop();
});
