import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Command, CommandResult } from '../command.ts';
import { shellWord } from '../quote.ts';
import { type LaneKind, launch } from './launch.ts';
import { outputSize, removeOutput, takeOutput } from './output-file.ts';
import type { OwnTime } from './own-time.ts';
import {
  living,
  membersOf,
  type ProcessEntry,
  readProcess,
  recentProcesses,
  signalProcess,
  tickMs,
} from './processes.ts';
import { randomToken } from './token.ts';
import { weighLane } from './weight.ts';

/** What a lane tells its pool. */
export interface LaneEvents {
  /** The command of `line` has ended; the lane may still be busy with what that left behind. */
  ended(result: CommandResult, line: string): void;
  /** The shell has started. */
  opened(): void;
  /** The lane takes commands again, or for the first time. */
  free(): void;
  /** The lane is gone for good. `why` it could not start, null when it had. */
  gone(why: string | null): void;
}

interface Run {
  command: Command;
  line: string;
  file: string;
  token: string;
  /** In the lane's time. */
  since: number;
  /** By the clock that processes start by. */
  startedAt: number;
  killedFor: 'timeout' | 'flood' | null;
  /** When TERM turns into KILL. */
  killAt: number;
  victims: ProcessEntry[];
}

/** Between TERM and KILL. */
const graceMs = 2000;
/** After KILL, for the shell to tell the end; then the shell itself is killed. */
const burialMs = 1000;
const startMs = 10_000;
/** Output beyond this ends a command, or what it has left behind. */
export const floodBytes = 16 * 1024 * 1024;
/** A command is not looked at before. */
const watchAfterMs = 50;
/** Text on the lane's own channel that is no end of a command. */
const maxNoise = 65_536;

/**
 * Signals that a command may send to its own group, as `kill 0` does. A shell with a trap outlives them, and unlike one that ignores them
 * passes their default on to its commands. The umask is the agent's no longer.
 */
const preparation = 'trap : HUP INT QUIT ABRT PIPE ALRM TERM USR1 USR2 XFSZ XCPU VTALRM PROF;umask 022';

let lastFile = 0;

/**
 * A shell that runs commands one after the other, in a session of its own. Orders go to its standard input, and the end of each comes
 * from its standard output with a random word. A command has neither of them open, and cannot open them by `/proc`,
 * as Node makes them sockets. Call `look` every 100 ms while it is busy. Throws what `spawn` throws.
 */
export class Lane {
  readonly kind: LaneKind;
  state: 'starting' | 'idle' | 'running' | 'sweeping' | 'closed' = 'starting';
  /** When `state` changed last. */
  since: number;
  readonly #events: LaneEvents;
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #time: OwnTime;
  readonly #spawnedAt: number;
  readonly #greeting = randomToken();
  #pid = 0;
  #startTicks = 0;
  #heard = '';
  #noise = 0;
  #weighed = false;
  #complaint = '';
  #run: Run | null = null;
  /** Of the last run: what is still to be killed. */
  #sweep: Run | null = null;

  constructor(shell: string, kind: LaneKind, directory: string, time: OwnTime, events: LaneEvents) {
    this.kind = kind;
    this.#events = events;
    this.#directory = directory;
    this.#time = time;
    const { words, environment } = launch(shell, kind);
    const [file = shell, ...rest] = words;
    this.#child = spawn(file, rest, {
      stdio: 'pipe',
      detached: true,
      cwd: '/',
      env: environment,
    });
    this.#spawnedAt = performance.now();
    this.since = time.now();
    this.#child.stdin?.on('error', () => {});
    this.#child.stdout?.on('data', (bytes: Buffer) => this.#hear(bytes.toString('latin1')));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (this.state === 'starting') this.#complaint = (this.#complaint + text).slice(0, 300);
    });
    this.#child.on('error', (error) => this.#gone(null, error.message));
    // What a shell that could not start says may come after its exit.
    this.#child.on('exit', (_code, signal) => this.state === 'starting' || this.#gone(signal, null));
    this.#child.on('close', (_code, signal) => this.#gone(signal, null));
    this.#child.stdin?.write(`${preparation};echo ${this.#greeting} $$\n`);
  }

  /** The process group to kill with the lane; 0 when it never came to be. */
  get group(): number {
    return this.#pid || (this.#child.pid ?? 0);
  }

  /** Runs a command, which as a line for the shell is `line`; the lane must be idle. */
  run(command: Command, line: string): void {
    lastFile += 1;
    const file = `${this.#directory}/${lastFile}`;
    const token = randomToken();
    const startedAt = performance.now();
    const since = this.#time.of(startedAt);
    this.#run = { command, line, file, token, since, startedAt, killedFor: null, killAt: 0, victims: [] };
    this.#become('running', since);
    const input = command.stdin === null ? '/dev/null' : `${file}.in`;
    try {
      if (command.stdin !== null) writeFileSync(input, command.stdin, { flag: 'wx', mode: 0o600 });
    } catch {
      // Without its input it must not run; without an output it counts as not run.
      setImmediate((run) => this.#run === run && this.#finish(run, 0, null), this.#run);
      return;
    }
    const errors = command.capture ? shellWord(`${file}.err`) : '&1';
    this.#child.stdin?.write(
      `${line} >${shellWord(file)} 2>${errors} <${shellWord(input)};echo ${token} $?\n`,
    );
  }

  /** Ends the command with this id as if its time were over. */
  end(id: number): void {
    const run = this.#run;
    if (run?.command.id === id && run.killedFor === null) this.#terminate(run, 'timeout', this.#time.now());
  }

  /** Ends what has run too long or written too much, and what ended commands have left behind. `now` is in the lane's time. */
  look(now: number): void {
    if (this.state === 'starting' && now - this.since > startMs) this.close();
    if (this.#sweep !== null && now >= this.#sweep.killAt) this.#finishSweep(this.#sweep);
    if (!this.#weighed && this.#pid !== 0) this.#weighed = weighLane(this.#pid, this.kind.nice);
    const run = this.#run;
    if (run === null) return;
    if (run.killedFor === null) {
      if (now - run.since >= run.command.timeoutMs) this.#terminate(run, 'timeout', now);
      else if (now - run.since >= watchAfterMs && writtenBy(run) > floodBytes)
        this.#terminate(run, 'flood', now);
    } else if (now >= run.killAt + burialMs) {
      this.#strike(run, 'SIGKILL');
      this.close();
    } else if (now >= run.killAt) this.#strike(run, 'SIGKILL');
  }

  /** Ends the lane at once, and its command with it. */
  close(): void {
    if (this.state === 'closed') return;
    const run = this.#run ?? this.#sweep;
    if (run !== null) this.#strike(run, 'SIGKILL');
    this.#child.kill('SIGKILL');
    if (this.#pid !== 0 && this.#pid !== this.#child.pid) signalProcess(this.#pid, 'SIGKILL');
    this.#gone('SIGKILL', null);
  }

  /** Lets an idle lane end. */
  retire(): void {
    this.#child.stdin?.end();
    this.#gone(null, null);
  }

  #hear(text: string): void {
    this.#heard += text;
    for (let end = this.#heard.indexOf('\n'); end !== -1; end = this.#heard.indexOf('\n')) {
      const [token, value] = this.#heard.slice(0, end).split(' ');
      this.#heard = this.#heard.slice(end + 1);
      if (this.state === 'starting' && token === this.#greeting) this.#open(Number(value));
      else if (this.#run !== null && token === this.#run.token) this.#finish(this.#run, Number(value), null);
      else this.#noise += end;
    }
    // Nothing but ends of commands comes here, unless somebody opened the channel by force.
    if (this.#noise + this.#heard.length > maxNoise) this.close();
  }

  #open(pid: number): void {
    this.#pid = pid;
    this.#startTicks = readProcess(this.#child.pid ?? 0)?.startTicks ?? 0;
    this.#weighed = weighLane(pid, this.kind.nice);
    try {
      mkdirSync(this.#directory, { mode: 0o700 });
      chmodSync(this.#directory, 0o700);
      const { uid, gid } = this.kind.runAs === null ? { uid: -1, gid: -1 } : statSync(`/proc/${pid}`);
      chownSync(this.#directory, uid, gid);
    } catch (thrown) {
      this.#complaint = (thrown as Error).message;
      this.close();
      return;
    }
    this.#become('idle', this.#time.now());
    this.#events.opened();
    this.#events.free();
  }

  #finish(run: Run, status: number, lostBy: string | null): void {
    this.#run = null;
    const now = this.#time.now();
    const { outputBytes, capture, stdin } = run.command;
    const output = takeOutput(run.file, outputBytes);
    const errors = capture ? takeOutput(`${run.file}.err`, outputBytes) : null;
    if (stdin !== null) removeOutput(`${run.file}.in`);
    const signal = lostBy ?? signalName(status - 128);
    const isKept = output !== null || lostBy !== null;
    if (run.killedFor !== null && this.state !== 'closed') this.#startSweep(run, now);
    const result: CommandResult = {
      id: run.command.id,
      code: signal === null && isKept ? status : null,
      signal: isKept ? signal : null,
      killedFor: run.killedFor,
      timedOut: run.killedFor === 'timeout',
      refused: isKept ? null : `its output could not be kept in ${this.#directory}`,
      truncated: output?.truncated === true || errors?.truncated === true,
      durationMs: Math.max(0, now - run.since),
      text: output?.text ?? '',
      ...(errors !== null && { errorText: errors.text }),
    };
    this.#events.ended(result, run.line);
    if (this.state === 'closed' || this.#sweep !== null) return;
    this.#become('idle', now);
    this.#events.free();
  }

  #terminate(run: Run, why: 'timeout' | 'flood', now: number): void {
    run.killedFor = why;
    run.killAt = why === 'timeout' ? now + graceMs : now;
    this.#strike(run, why === 'timeout' ? 'SIGTERM' : 'SIGKILL');
  }

  /** Signals all that the run has started, and what was found of it before. */
  #strike(run: Run, signal: NodeJS.Signals): void {
    const processes = recentProcesses(run.startedAt);
    if (processes === null) {
      signalProcess(-this.#pid, signal);
      return;
    }
    const members = membersOf(this.#pid, this.#ticksAt(run.startedAt), processes);
    const known = new Set(members.map(({ pid }) => pid));
    run.victims = [...members, ...living(run.victims.filter(({ pid }) => !known.has(pid)))];
    for (const { pid } of run.victims) signalProcess(pid, signal);
  }

  /** Ticks since boot at a moment, or a little before. The kernel's clock counts on while the machine sleeps: then it is more before. */
  #ticksAt(moment: number): number {
    return this.#startTicks + Math.floor((moment - this.#spawnedAt) / tickMs) - 1;
  }

  #startSweep(run: Run, now: number): void {
    this.#strike(run, 'SIGTERM');
    if (living(run.victims).length === 0) return;
    run.killAt = Math.max(run.killAt, now);
    this.#sweep = run;
    this.#become('sweeping', now);
  }

  #finishSweep(run: Run): void {
    this.#strike(run, 'SIGKILL');
    this.#sweep = null;
    this.#become('idle', this.#time.now());
    this.#events.free();
  }

  #gone(signal: string | null, error: string | null): void {
    if (this.state === 'closed') return;
    const hadStarted = this.state !== 'starting';
    this.#become('closed', this.#time.now());
    if (this.#run !== null) this.#finish(this.#run, 0, signal ?? 'the end of its shell');
    rmSync(this.#directory, { recursive: true, force: true });
    const complaint = (error ?? this.#complaint.trim()) || 'it said nothing';
    this.#events.gone(hadStarted ? null : complaint);
  }

  #become(state: Lane['state'], now: number): void {
    this.state = state;
    this.since = now;
  }
}

function writtenBy({ file, command }: Run): number {
  return outputSize(file) + (command.capture ? outputSize(`${file}.err`) : 0);
}

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** The name of a signal by its number; null when there is none, as of an ordinary exit code. */
function signalName(number: number): string | null {
  return signalNames.get(number) ?? null;
}
