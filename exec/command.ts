import type { VerdictState } from 'opsbro/sdk';
import type { Perfdatum } from './output/perfdata.ts';

/** A command to run once. Exactly one of `argv` and `shell` is not null. */
export interface Command {
  /** Given by the client; results carry it back. */
  id: number;
  /** The number by which the client may ask for it again; null when it will not. */
  slot: number | null;
  /** Words that are run as they are; a program without `/` is looked for in `PATH`. */
  argv: string[] | null;
  /** A script, evaluated by a POSIX shell in a subshell of its own. */
  shell: string | null;
  /** From the command's start, not from when it was handed in. */
  timeoutMs: number;
  /** Output kept; more is dropped, and marked. */
  outputBytes: number;
  /** Added to the agent's own niceness; below 0 only as root. */
  nice: number;
  /** The user to run as, for which the agent must be root; null for the agent's own. */
  runAs: string | null;
  /** Variables beside `PATH` and `LANG=C`; nothing else of the agent's environment is passed on. */
  environment: { [name: string]: string };
  /** What it reads; null for nothing. */
  stdin: string | null;
  /** True: its two outputs are wanted as they are, each up to `outputBytes`, not read as those of a Nagios plugin. */
  capture: boolean;
}

/**
 * A command as its caller gives it: what is left out has the default of `commandDefaults`. One that is run often is best handed in as the same
 * object each time, and must then stay as it is.
 */
export type CommandRequest = Partial<Omit<Command, 'id' | 'slot'>>;

/** What a command that names only what to run is run with. */
export const commandDefaults: Omit<Command, 'id'> = {
  slot: null,
  argv: null,
  shell: null,
  timeoutMs: 30_000,
  outputBytes: 65_536,
  nice: 0,
  runAs: null,
  environment: {},
  stdin: null,
  capture: false,
};

/** A request with its defaults; written out, as thousands wait at a time and spreads cost several times the memory. */
export function commandOf(request: CommandRequest, id: number, slot: number | null = null): Command {
  return {
    id,
    slot,
    argv: request.argv ?? commandDefaults.argv,
    shell: request.shell ?? commandDefaults.shell,
    timeoutMs: request.timeoutMs ?? commandDefaults.timeoutMs,
    outputBytes: request.outputBytes ?? commandDefaults.outputBytes,
    nice: request.nice ?? commandDefaults.nice,
    runAs: request.runAs ?? commandDefaults.runAs,
    environment: request.environment ?? commandDefaults.environment,
    stdin: request.stdin ?? commandDefaults.stdin,
    capture: request.capture ?? commandDefaults.capture,
  };
}

/** How a command ended. All of `code`, `signal` and `killedFor` are null when it did not run, or nobody saw its end: `refused` says why. */
export interface CommandEnd {
  id: number;
  code: number | null;
  /** Shells tell a signal as exit code 128 + n, and so does a command that exits with one of these. */
  signal: string | null;
  killedFor: 'timeout' | 'flood' | null;
  timedOut: boolean;
  refused: string | null;
  /** Whether output was dropped. */
  truncated: boolean;
  durationMs: number;
}

/** How a command ended, with its whole output as text: bytes that are no UTF-8 are replaced. */
export interface CommandResult extends CommandEnd {
  text: string;
  /** Standard error of a command that is captured; that of others is part of `text`. */
  errorText?: string;
}

/** How a command ended, and its output read as that of a Nagios plugin. */
export interface CheckRun extends CommandEnd {
  state: VerdictState;
  output: string;
  longOutput: string;
  perfdata: Perfdatum[];
  /** Of a command that is captured: all that it wrote. */
  captured?: { stdout: string; stderr: string };
  /** The thread may tell the next end of the same request as being this one. */
  isRemembered?: true;
}

/** What the main thread sends. */
export type ExecRequest =
  // A number is the id of one more run of the command whose slot stands behind it.
  | { type: 'run'; commands: (Command | number)[] }
  // Slots are given anew from here on.
  | { type: 'forget' }
  // Nobody waits for it any more.
  | { type: 'end'; id: number }
  | { type: 'stop' };

/** What the exec thread sends. A number is the id of a run that ended as the last one of its slot did; behind it stands how long it took, ms. */
export type ExecReply = { type: 'ran'; runs: (CheckRun | number)[] } | { type: 'stopped' };

/** What the exec thread is started with. */
export interface ExecThreadData {
  /** Where output may be kept, in order of preference; the last one lies in the data directory. */
  directories: string[];
  /** The POSIX shell to use; null for none: words are then run by Node itself. */
  shell: string | null;
  /** Process groups of the lanes, for whoever ends the thread. */
  groups: SharedArrayBuffer;
}

/** Lanes of one thread at most: what `groups` has cells for. */
export const maxLanes = 256;

/** The end of a command that was not run to an end, and why. */
export function refusedEnd(id: number, why: string): CommandEnd {
  return {
    id,
    code: null,
    signal: null,
    killedFor: null,
    timedOut: false,
    refused: why,
    truncated: false,
    durationMs: 0,
  };
}
