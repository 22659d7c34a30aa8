import type { Command, CommandResult } from '../command.ts';
import { shellWord } from '../quote.ts';
import { type Output, outputSize } from './output-file.ts';
import type { ProcessEntry } from './processes.ts';

/** A command that waits for a lane. */
export interface Order {
  command: Command;
  /** The command as a line for the shell. */
  line: string;
  /** When it came, in the pool's time. */
  since: number;
}

/** An order that a lane has: it runs, or it stands behind one that runs. */
export interface Run {
  order: Order;
  /** What it writes into. */
  file: string;
  token: string;
  /** In the lane's time. */
  since: number;
  /** By the clock that processes start by; never after its start. */
  startedAt: number;
  killedFor: 'timeout' | 'flood' | null;
  /** When TERM turns into KILL. */
  killAt: number;
  victims: ProcessEntry[];
}

/**
 * What a lane's shell is told to run one order or several, one after the other. Each end goes to standard error with the run's token; only
 * that of the last goes to standard output, where it wakes the agent: that costs both sides more than the rest of an order. Of several, the shell
 * itself opens the output and starts nothing when it cannot: without a file no order has begun.
 */
export function orderText(runs: readonly Run[]): string {
  const [only] = runs;
  if (only !== undefined && runs.length === 1) {
    const { file, order } = only;
    const input = order.command.stdin === null ? '/dev/null' : shellWord(`${file}.in`);
    const errors = order.command.capture ? shellWord(`${file}.err`) : '&1';
    return `${order.line} >${shellWord(file)} 2>${errors} <${input};echo ${only.token} $?\n`;
  }
  const last = runs.at(-1);
  const lines = runs.map((run) => {
    // Shells open what is behind a group that is nothing but a subshell in that, when it has begun.
    // What the shell itself says of it, as bash does with its whole line when it is killed, is no output.
    const line = `{ :;${run.order.line} 2>&1;} >${shellWord(run.file)}`;
    return run === last ? line : `${line};echo ${run.token} $?`;
  });
  return `{ ${lines.join('\n')}\n} >&2 </dev/null;echo ${last?.token} $?\n`;
}

/** Where a program cannot be started, the shell says so with the number of a line that it has read: that tells nobody anything, and differs each time. */
function withoutPlace(text: string, code: number | null): string {
  return code === 126 || code === 127 ? text.replace(/^\S+: (?:line )?\d+: /, '') : text;
}

/** How much a run has written by now, bytes. */
export function writtenBy({ file, order: { command } }: Run): number {
  return outputSize(file) + (command.capture ? outputSize(`${file}.err`) : 0);
}

/** How a run ended: `code` and `signal` as they were told, `durationMs` how long it took, and what it wrote. */
export function resultOf(
  { order: { command }, killedFor }: Run,
  { code, signal, refused }: Pick<CommandResult, 'code' | 'signal' | 'refused'>,
  durationMs: number,
  output: Output | null,
  errors: Output | null,
): CommandResult {
  return {
    id: command.id,
    code,
    signal,
    killedFor,
    timedOut: killedFor === 'timeout',
    refused,
    truncated: output?.truncated === true || errors?.truncated === true,
    durationMs,
    text: withoutPlace(output?.text ?? '', code),
    ...(errors !== null && { errorText: errors.text }),
  };
}
