import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename } from 'node:path';
import type { CommandResult } from '../command.ts';
import { EndsFile } from './ends-file.ts';
import { LaneDirectory } from './lane-directory.ts';
import { type LaneKind, launch } from './launch.ts';
import { removeOutput, takeOutput } from './output-file.ts';
import type { OwnTime } from './own-time.ts';
import { living, readProcess, signalProcess } from './processes.ts';
import { type Order, orderText, type Run, resultOf, writtenBy } from './run.ts';
import { randomToken } from './token.ts';
import { hasStarted, type LaneProcess, strike } from './victims.ts';
import { weighLane } from './weight.ts';

/** What a lane tells its pool. */
export interface LaneEvents {
  /** The command of `line` has ended; the lane may still be busy with what that left behind. */
  ended(result: CommandResult, line: string): void;
  /** These did not begin, and another lane may have them. */
  returned(orders: Order[]): void;
  /** The shell has started. */
  opened(): void;
  /** The lane takes orders again, or for the first time. */
  free(): void;
  /** The lane is gone for good. `why` it could not start, null when it had. */
  gone(why: string | null): void;
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
 * A shell that runs commands one after the other, in a session of its own. Orders go to its standard input, and the end of the last one
 * comes from its standard output with a random word. A command has neither of them open, and cannot open them by `/proc`, as Node makes them
 * sockets. Call `look` every 100 ms while it is busy, and `poll` every 10 ms while it has several orders. Throws what `spawn` throws.
 */
export class Lane {
  readonly kind: LaneKind;
  state: 'starting' | 'idle' | 'running' | 'sweeping' | 'closed' = 'starting';
  /** When `state` changed last, or the next of several orders began. */
  since: number;
  readonly #events: LaneEvents;
  readonly #child: ChildProcess;
  readonly #directory: LaneDirectory;
  readonly #time: OwnTime;
  readonly #ends: EndsFile;
  readonly #spawnedAt: number;
  readonly #greeting = randomToken();
  #pid = 0;
  #startTicks = 0;
  #heard = '';
  #noise = 0;
  #weighed = false;
  #complaint = '';
  /** What was ordered and has not ended, the one that runs first. */
  #runs: Run[] = [];
  /** With it the shell tells that it has come to the end of its orders; null while it has none. */
  #lastToken: string | null = null;
  /** When the ends were looked for last, by the clock that processes start by. */
  #polledAt = 0;
  /** Somebody removed its directory. */
  #isHomeless = false;
  /** Of the last run: what is still to be killed. */
  #sweep: Run | null = null;

  constructor(shell: string, kind: LaneKind, directory: string, time: OwnTime, events: LaneEvents) {
    this.kind = kind;
    this.#events = events;
    this.#directory = new LaneDirectory(directory);
    this.#time = time;
    this.#ends = new EndsFile(`${directory}.ends`);
    const { words, environment } = launch(shell, kind);
    const [file = shell, ...rest] = words;
    try {
      this.#child = spawn(file, rest, {
        stdio: ['pipe', 'pipe', this.#ends.descriptor],
        detached: true,
        cwd: '/',
        env: environment,
      });
    } catch (thrown) {
      this.#ends.close();
      throw thrown;
    }
    this.#spawnedAt = performance.now();
    this.since = time.now();
    this.#child.stdin?.on('error', () => {});
    this.#child.stdout?.on('data', (bytes: Buffer) => this.#hear(bytes.toString('latin1')));
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

  /** True while it has, or just had, several orders. */
  get isShared(): boolean {
    return this.#lastToken !== null && this.#runs[0]?.token !== this.#lastToken;
  }

  /** Runs commands one after the other; the lane must be idle. Several must be such as read nothing and are not captured. */
  run(orders: Order[]): void {
    const startedAt = performance.now();
    const since = this.#time.of(startedAt);
    this.#runs = orders.map((order) => {
      lastFile += 1;
      const [file, token] = [`${this.#directory.path}/${lastFile}`, randomToken()];
      return { order, file, token, since, startedAt, killedFor: null, killAt: 0, victims: [] };
    });
    this.#polledAt = startedAt;
    this.#lastToken = this.#runs.at(-1)?.token ?? null;
    this.#become('running', since);
    const [run] = this.#runs;
    const input = run?.order.command.stdin ?? null;
    try {
      if (run !== undefined && input !== null)
        writeFileSync(`${run.file}.in`, input, { flag: 'wx', mode: 0o600 });
    } catch {
      // Without its input it must not run; without an output it counts as not run.
      setImmediate(() => this.#runs[0] === run && this.#endOrders(0));
      return;
    }
    this.#child.stdin?.write(orderText(this.#runs));
  }

  /** Ends the command with this id as if its time were over, or gives it back. */
  end(id: number): void {
    const isTheirs = ({ order }: Run): boolean => order.command.id === id;
    if (!this.#runs.some(isTheirs)) return;
    const now = this.#time.now();
    this.#giveBack(now);
    const [run] = this.#runs;
    if (run !== undefined && isTheirs(run) && run.killedFor === null) this.#terminate(run, 'timeout', now);
  }

  /** Takes what has ended of several orders, and gives back those behind one that takes longer than `holdMs`. */
  poll(now: number, holdMs: number): void {
    if (!this.isShared) return;
    this.#takeEnds(now);
    const [run, next] = this.#runs;
    if (run !== undefined && next !== undefined && now - run.since > holdMs) this.#giveBack(now);
  }

  /** Ends what has run too long or written too much, and what ended commands have left behind. `now` is in the lane's time. */
  look(now: number): void {
    if (this.state === 'starting' && now - this.since > startMs) this.close();
    if (this.#sweep !== null && now >= this.#sweep.killAt) this.#finishSweep(this.#sweep);
    if (!this.#weighed && this.#pid !== 0) this.#weighed = weighLane(this.#pid, this.kind.nice);
    if (this.#ends.isNoisy()) this.close();
    const [run] = this.#runs;
    if (run === undefined) return;
    if (run.killedFor === null) {
      if (now - run.since >= run.order.command.timeoutMs) this.#terminate(run, 'timeout', now);
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
    // First of all, or it would begin the next order.
    this.#child.kill('SIGKILL');
    if (this.#pid !== 0 && this.#pid !== this.#child.pid) signalProcess(this.#pid, 'SIGKILL');
    const run = this.#runs[0] ?? this.#sweep;
    if (run !== null) this.#strike(run, 'SIGKILL');
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
      else if (this.#lastToken !== null && token === this.#lastToken) this.#endOrders(Number(value));
      else this.#noise += end;
    }
    // Nothing but ends of orders comes here, unless somebody opened the channel by force.
    if (this.#noise + this.#heard.length > maxNoise) this.close();
  }

  #open(pid: number): void {
    this.#pid = pid;
    this.#startTicks = readProcess(this.#child.pid ?? 0)?.startTicks ?? 0;
    this.#weighed = weighLane(pid, this.kind.nice);
    try {
      const { uid, gid } = this.kind.runAs === null ? { uid: -1, gid: -1 } : statSync(`/proc/${pid}`);
      this.#directory.open({ uid, gid });
    } catch (thrown) {
      this.#complaint = (thrown as Error).message;
      this.close();
      return;
    }
    this.#become('idle', this.#time.now());
    this.#events.opened();
    this.#events.free();
  }

  /** The shell has come to the end of its orders; the last of them, if it has not been given back, with `status`. */
  #endOrders(status: number): void {
    const now = this.#time.now();
    this.#takeEnds(now, 1);
    for (const run of this.#runs.splice(0)) {
      const code = run.token === this.#lastToken ? status : null;
      this.#finish(run, code, code === null ? 'the loss of its end' : null, now);
    }
    this.#lastToken = null;
    this.#ends.rest();
    this.#directory.clear();
    this.#rest(now);
  }

  /**
   * Finishes those of several orders that have ended by now, and `more` that are about to be finished: as if all had taken the same. Gives those
   * without a file, which the shell passed over, where their directory is a `past` one.
   */
  #takeEnds(now: number, more = 0, isPast = false): Run[] {
    const passedOver: Run[] = [];
    if (!this.isShared) return passedOver;
    const polledAt = this.#polledAt;
    this.#polledAt = performance.now();
    const statuses = this.#ends.take(this.#runs.map(({ token }) => token));
    const ended = this.#runs.slice(0, statuses.length);
    const shareMs = (now - (this.#runs[0]?.since ?? now)) / (statuses.length + more);
    for (const [index, run] of ended.entries()) {
      this.#runs.shift();
      const endedAt = run.since + shareMs;
      if (isPast && !existsSync(run.file)) passedOver.push(run);
      else this.#finish(run, statuses[index] ?? 0, null, endedAt);
      const [next] = this.#runs;
      if (next === undefined) return passedOver;
      next.since = endedAt;
      // It did not begin before somebody saw that the one before had not ended.
      next.startedAt = polledAt;
      this.since = endedAt;
    }
    return passedOver;
  }

  #finish(run: Run, status: number | null, lostBy: string | null, endedAt: number): void {
    const { outputBytes, capture, stdin } = run.order.command;
    const output = takeOutput(run.file, outputBytes);
    const errors = capture ? takeOutput(`${run.file}.err`, outputBytes) : null;
    if (stdin !== null) removeOutput(`${run.file}.in`);
    const signal = lostBy ?? signalName((status ?? 0) - 128);
    const isKept = output !== null || lostBy !== null;
    if (!isKept && !existsSync(this.#directory.path)) this.#isHomeless = true;
    if (run.killedFor !== null && this.state !== 'closed') this.#startSweep(run, endedAt);
    const told = {
      code: signal === null && isKept ? status : null,
      signal: isKept ? signal : null,
      refused: isKept ? null : `its output could not be kept in ${this.#directory.path}`,
    };
    const durationMs = Math.max(0, endedAt - run.since);
    this.#events.ended(resultOf(run, told, durationMs, output, errors), run.order.line);
  }

  /** Takes no orders again before what the last ones left is swept away and the shell waits for more. */
  #rest(now: number): void {
    if (this.state === 'closed' || this.#sweep !== null || this.#lastToken !== null) return;
    if (this.#isHomeless) {
      this.close();
      return;
    }
    this.#become('idle', now);
    this.#events.free();
  }

  /** Gives back what has not begun; the shell finds no place for its output and passes it over. */
  #giveBack(now: number): void {
    this.#takeEnds(now);
    if (this.#runs.length < 2) return;
    try {
      const moved = this.#directory.replace();
      for (const run of this.#runs) run.file = `${moved}/${basename(run.file)}`;
    } catch {
      // Where nothing can be written, nothing is gained by another lane.
      return;
    }
    // The shell may have come to the next ones meanwhile, and found no place for their output: they have not run.
    const passedOver = this.#takeEnds(now, 0, true);
    this.#finishLost(now);
    const [first, ...others] = this.#runs;
    const returned = [...passedOver, ...(this.#hasBegun(first) ? others : this.#runs)];
    if (returned.length === 0) return;
    this.#runs = this.#runs.filter((run) => !returned.includes(run));
    this.#events.returned(returned.map(({ order }) => order));
  }

  /** Where ends could not be written, the file of a later order tells that those before it are over. */
  #finishLost(now: number): void {
    const begun = this.#runs.findLastIndex(({ file }) => existsSync(file));
    const lost = this.#runs.splice(0, Math.max(0, begun));
    for (const run of lost) this.#finish(run, null, 'the loss of its end', now);
    const [next] = this.#runs;
    if (next === undefined || lost[0] === undefined) return;
    next.since = now;
    next.startedAt = lost[0].startedAt;
    this.since = now;
  }

  #hasBegun(run: Run | undefined): boolean {
    return run !== undefined && (existsSync(run.file) || hasStarted(this.#process, run));
  }

  #terminate(run: Run, why: 'timeout' | 'flood', now: number): void {
    this.#giveBack(now);
    // It ended by itself just now.
    if (this.#runs[0] !== run) return;
    run.killedFor = why;
    run.killAt = why === 'timeout' ? now + graceMs : now;
    this.#strike(run, why === 'timeout' ? 'SIGTERM' : 'SIGKILL');
  }

  #strike(run: Run, signal: NodeJS.Signals): void {
    strike(this.#process, run, signal);
  }

  get #process(): LaneProcess {
    return { pid: this.#pid, startTicks: this.#startTicks, startedAt: this.#spawnedAt };
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
    this.#rest(this.#time.now());
  }

  #gone(signal: string | null, error: string | null): void {
    if (this.state === 'closed') return;
    const hadStarted = this.state !== 'starting';
    const now = this.#time.now();
    this.#become('closed', now);
    this.#takeEnds(now);
    this.#finishLost(now);
    const [run, ...others] = this.#runs.splice(0);
    if (run !== undefined && (run.killedFor !== null || this.#hasBegun(run)))
      this.#finish(run, null, signal ?? 'the end of its shell', now);
    else if (run !== undefined) others.unshift(run);
    this.#directory.remove();
    const complaint = (error ?? this.#complaint) || this.#ends.complaint() || 'it said nothing';
    this.#ends.close();
    this.#events.returned(others.map(({ order }) => order));
    this.#events.gone(hadStarted ? null : complaint.slice(0, 300));
  }

  #become(state: Lane['state'], now: number): void {
    this.state = state;
    this.since = now;
  }
}

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** The name of a signal by its number; null when there is none, as of an ordinary exit code. */
function signalName(number: number): string | null {
  return signalNames.get(number) ?? null;
}
