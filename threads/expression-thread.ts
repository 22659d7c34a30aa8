import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { LaneReply, LaneRequest, LaneThreadData } from '../language/engine/lane.ts';
import { type Fault, Machine } from '../language/engine/machine.ts';
import { threadDirectory } from './quickjs/thread-time.ts';

/**
 * Entry of the expression thread, and of the sandbox thread that evaluates `language: javascript`: each owns one QuickJS
 * instance. It evaluates batch after batch, one guest call a program, and writes the place of the program that runs into
 * shared memory, so that whoever terminates it knows the culprit.
 */
const { limits, progress } = workerData as LaneThreadData;
const script = readFileSync(new URL('../language/engine/guest.js', import.meta.url), 'utf8');
const cell = new Int32Array(progress);
const port = parentPort;
if (port === null) throw new Error('the expression thread runs as a worker thread');

const machine = await Machine.start(limits, script);
const post = (reply: LaneReply): void => port.postMessage(reply);

function run(request: LaneRequest): LaneReply {
  for (const commands of request.commands) {
    Atomics.store(cell, 0, -1);
    if (machine.command(commands) !== null) return { type: 'broken', index: -1 };
  }
  const timeouts: [number, string][] = [];
  for (let index = 0; index < request.count; index += 1) {
    Atomics.store(cell, 0, index + 1);
    const fault: Fault | null = machine.run();
    if (fault === 'timeout') timeouts.push([index, machine.whereabouts()]);
    else if (fault === 'broken') return { type: 'broken', index };
  }
  Atomics.store(cell, 0, -1);
  const fetched = machine.fetch(request.count);
  if (typeof fetched === 'string') return { type: 'broken', index: -1 };
  return { type: 'ran', timeouts, ...fetched };
}

port.on('message', (request: LaneRequest) => {
  const reply = run(request);
  Atomics.store(cell, 0, 0);
  post(reply);
});
post({ type: 'ready', thread: threadDirectory() });
