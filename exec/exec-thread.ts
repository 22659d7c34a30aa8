import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import {
  type CheckRun,
  type Command,
  type CommandResult,
  commandDefaults,
  type ExecReply,
  type ExecRequest,
  type ExecThreadData,
} from './command.ts';
import { floodBytes } from './lanes/lane.ts';
import { defaultBounds, LanePool } from './lanes/lane-pool.ts';
import { endLeftovers } from './lanes/leftovers.ts';
import { openPrivateDirectory } from './lanes/private-directory.ts';
import { SpawnRunner } from './lanes/spawn-runner.ts';
import { readPluginOutput } from './output/plugin-output.ts';

/**
 * Entry of the thread that runs commands: takes batches of them, runs them in lanes, reads what they print, and sends results in
 * batches.
 */
const { directories, shell, groups } = workerData as ExecThreadData;
const port = parentPort;
if (port === null) throw new Error('the exec thread runs as a worker thread');

/** Results of some milliseconds go in one message: each costs the main thread a turn. */
const flushMs = 5;
const leftoverMs = 60_000;
const commands = new Map<number, Pick<Command, 'timeoutMs' | 'capture'>>();
let runs: CheckRun[] = [];
let isFlushing = false;

const post = (reply: ExecReply): void => port.postMessage(reply);

function flush(): void {
  isFlushing = false;
  const batch = runs;
  runs = [];
  if (batch.length > 0) post({ type: 'ran', runs: batch });
}

function ended({ text, errorText = '', ...end }: CommandResult): void {
  const { timeoutMs, capture } = commands.get(end.id) ?? commandDefaults;
  commands.delete(end.id);
  runs.push({
    ...end,
    ...readPluginOutput(capture ? '' : text, end.code, end.signal, { ...end, timeoutMs }),
    ...(capture && { captured: { stdout: text, stderr: errorText } }),
  });
  if (isFlushing) return;
  isFlushing = true;
  setTimeout(flush, flushMs);
}

const directory = shell === null ? null : openPrivateDirectory(directories);
const runner =
  shell === null || directory === null
    ? new SpawnRunner(ended)
    : new LanePool({
        shell,
        directory,
        bounds: defaultBounds(availableParallelism()),
        groups: new Int32Array(groups),
        ended,
      });

if (directory !== null) setInterval(() => endLeftovers(directory, floodBytes), leftoverMs).unref();

port.on('message', (request: ExecRequest) => {
  if (request.type === 'stop') {
    runner.close();
    flush();
    if (directory !== null) rmSync(directory, { recursive: true, force: true });
    post({ type: 'stopped' });
    port.close();
    return;
  }
  if (request.type === 'end') {
    runner.end(request.id);
    return;
  }
  for (const command of request.commands) {
    commands.set(command.id, { timeoutMs: command.timeoutMs, capture: command.capture });
    runner.submit(command);
  }
});
