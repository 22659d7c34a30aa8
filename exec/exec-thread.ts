import { rmSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import {
  type CheckRun,
  type Command,
  type CommandResult,
  commandDefaults,
  type ExecReply,
  type ExecRequest,
  type ExecThreadData,
  refusedEnd,
} from './command.ts';
import { KeptCommand } from './kept-command.ts';
import type { CommandPlan } from './lanes/command-plan.ts';
import { floodBytes } from './lanes/lane.ts';
import { defaultBounds } from './lanes/lane-policy.ts';
import { LanePool } from './lanes/lane-pool.ts';
import { endLeftovers } from './lanes/leftovers.ts';
import { openPrivateDirectory } from './lanes/private-directory.ts';
import { SpawnRunner } from './lanes/spawn-runner.ts';
import { readPluginOutput } from './output/plugin-output.ts';
import { ProcessorMeter } from './processors/processor-meter.ts';
import { processorShare } from './processors/processor-share.ts';

/**
 * Entry of the thread that runs commands: takes batches of them, runs them in lanes, reads what they print, and sends results in
 * batches.
 */
const { directories, shell, groups } = workerData as ExecThreadData;
const port = parentPort;
if (port === null) throw new Error('the exec thread runs as a worker thread');

/** Results of some milliseconds go in one message: each costs the main thread a turn. */
const flushMs = 5;
/** The same while so many commands wait that none of their results is waited for. */
const busyFlushMs = 25;
const manyCommands = 200;
const leftoverMs = 60_000;
/** What runs commands here. */
interface Runner {
  submit(command: Command, plan?: CommandPlan): void;
  end(id: number): void;
  close(): void;
}

interface Asked {
  command: Pick<Command, 'timeoutMs' | 'capture'>;
  kept: KeptCommand | null;
}

const asked = new Map<number, Asked>();
const slots = new Map<number, KeptCommand>();
let runs: (CheckRun | number)[] = [];
let isFlushing = false;

const post = (reply: ExecReply): void => port.postMessage(reply);

function flush(): void {
  isFlushing = false;
  const batch = runs;
  runs = [];
  if (batch.length > 0) post({ type: 'ran', runs: batch });
}

function ended(result: CommandResult): void {
  const { command, kept } = asked.get(result.id) ?? { command: commandDefaults, kept: null };
  asked.delete(result.id);
  if (kept?.endsAsBefore(result)) runs.push(result.id, result.durationMs);
  else runs.push(read(result, command, kept?.remembers === true));
  if (isFlushing) return;
  isFlushing = true;
  setTimeout(flush, asked.size > manyCommands ? busyFlushMs : flushMs);
}

function read(
  { text, errorText = '', ...end }: CommandResult,
  { timeoutMs, capture }: Asked['command'],
  isRemembered: boolean,
): CheckRun {
  return {
    ...end,
    ...readPluginOutput(capture ? '' : text, end.code, end.signal, { ...end, timeoutMs }),
    ...(capture && { captured: { stdout: text, stderr: errorText } }),
    ...(isRemembered && { isRemembered }),
  };
}

function take(commands: (Command | number)[]): void {
  for (let at = 0; at < commands.length; at += 1) {
    const sent = commands[at] as Command | number;
    if (typeof sent === 'number') {
      at += 1;
      again(sent, slots.get(commands[at] as number));
    } else {
      const kept = sent.slot === null ? null : new KeptCommand(sent);
      if (kept !== null) slots.set(sent.slot as number, kept);
      asked.set(sent.id, { command: sent, kept });
      runner.submit(sent, kept?.plan);
    }
  }
}

function again(id: number, kept: KeptCommand | undefined): void {
  if (kept === undefined) {
    ended({ ...refusedEnd(id, 'its words are lost'), text: '' });
    return;
  }
  asked.set(id, { command: kept.command, kept });
  runner.submit({ ...kept.command, id }, kept.plan);
}

const share = processorShare();
const directory = shell === null ? null : openPrivateDirectory(directories);
const runner: Runner =
  shell === null || directory === null
    ? new SpawnRunner(ended)
    : new LanePool({
        shell,
        directory,
        bounds: defaultBounds(share.processors),
        // It measures the whole host.
        processors: share.isWhole ? new ProcessorMeter() : { isKnown: false, use: () => null },
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
  if (request.type === 'forget') {
    slots.clear();
    return;
  }
  take(request.commands);
});
