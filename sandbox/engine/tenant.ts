import type { Json, JsonObject } from 'opsbro/sdk';
import { OpsbroError, type PlainError, plainError } from '../../core/errors.ts';
import type { PendingLooks } from '../../threads/context/pending-looks.ts';
import { openSecrets, secretTexts } from '../../threads/context/secrets.ts';
import type { ThreadData } from '../../threads/protocol.ts';
import type { LimitName } from '../budgets/breach.ts';
import { CpuWindow } from '../budgets/cpu-window.ts';
import { Meter } from '../budgets/meter.ts';
import type { Series } from '../budgets/series.ts';
import { type Bundle, readBundle } from '../bundle.ts';
import { matchesWord, parseWord } from '../grants/wildcard.ts';
import { type GuestError, type GuestMessage, type GuestOrder, unknownError } from '../guest/message.ts';
import type { Errand, HostCallParts, HostCalls } from '../model.ts';
import { awaitedOf, CallQueue } from './call-queue.ts';
import { type Fault, Instance, type Slice } from './instance.ts';
import type { SandboxRun } from './run.ts';
import { explainAbsent, mapStack, placeOf } from './stack-map.ts';

/** What a plugin's script may take when it is loaded, beside the budget of a run: a megabyte of source takes 170 ms. */
const loadMs = 1000;
/** More in one slice are not told apart. */
const mostLateCalls = 1_000_000;
/** What a run may still do when it is told that its time is up. */
const goodbyeMs = 20;

/** What a plugin's tenancy needs of its thread. */
export interface TenantParts {
  data: ThreadData;
  looks: PendingLooks;
  makeCalls(parts: HostCallParts): HostCalls;
  errand(run: SandboxRun, errand: Errand): Promise<Json>;
  /** Runs guest code while the main thread watches: `patienceMs` is what it may take. */
  watched(run: number, patienceMs: number, act: () => Slice): Slice;
  ended(run: SandboxRun, result: ReturnType<SandboxRun['finish']>): void;
  /** The run was in an instance that another run broke. */
  lost(run: SandboxRun): void;
  now(): { epoch: number; monotonic: number };
}

type End = Parameters<SandboxRun['finish']>[0];

/** Why an instance was left, and where its guest code was then, if that is known. */
type Broken = { fault: Fault; stack?: string };

/** One version of a plugin in its instance, and the runs in it. */
interface Home {
  key: string;
  runs: Map<number, SandboxRun>;
  instance: Instance | undefined;
  opening: Promise<Instance> | undefined;
  /** The stack that was mapped last, and its frames: a run that fails once mostly fails again. */
  mapped: { stack: string; frames: string[] } | undefined;
}

/** One plugin in a sandbox thread: its instance, made when it is needed and left when it is worn or broken, and the runs in it. */
export class Tenant {
  readonly #parts: TenantParts;
  readonly #minute = new CpuWindow();
  /** By object. */
  readonly #series = new Map<string, Series>();
  #home: Home | undefined;
  #lateCalls = 0;
  #runs = 0;

  /** `usedMs`: processor time it used within the last minute, elsewhere. */
  constructor(parts: TenantParts, usedMs: number) {
    this.#parts = parts;
    this.#minute.add(usedMs, parts.now().monotonic);
  }

  /** True while a run goes on. */
  get isBusy(): boolean {
    return this.#runs > 0;
  }

  /** Lets the instance go once its runs have ended. */
  forget(): void {
    this.#home = undefined;
  }

  /** Makes a run; what comes of it is told to the thread. */
  async start(run: SandboxRun): Promise<void> {
    this.#runs += 1;
    const home = this.#homeFor(run);
    home.runs.set(run.id, run);
    run.series = this.#series.get(run.job.object) ?? run.series;
    this.#series.set(run.job.object, run.series);
    const timer = setTimeout(() => this.#timeOut(home, run), run.job.timeoutMs);
    run.atEnd(() => clearTimeout(timer));
    try {
      home.opening ??= this.#open(home, run);
      const instance = await home.opening;
      if (!run.isOver) this.#begin(home, instance, run);
    } catch (thrown) {
      if (home === this.#home && home.instance === undefined) this.#home = undefined;
      if (run.isOver) return;
      const error = loadError(thrown);
      this.#end(home, run, { status: 'failed', error });
    }
  }

  #homeFor(run: SandboxRun): Home {
    const { sandbox } = run.job;
    const key = JSON.stringify([sandbox.digest, sandbox.limits, sandbox.permissions]);
    const home = this.#home;
    // Until its last run has ended: two instances would take twice the memory that was approved.
    const isWorn = home?.instance?.isWorn === true && home.runs.size === 0;
    if (home?.key === key && home.instance?.fault === undefined && !isWorn) return home;
    this.#home = { key, runs: new Map(), instance: undefined, opening: undefined, mapped: undefined };
    return this.#home;
  }

  async #open(home: Home, run: SandboxRun): Promise<Instance> {
    const { bundle, digest, limits } = run.job.sandbox;
    const { code } = readBundle(bundle, digest);
    const instance = await Instance.open(limits);
    const allowanceMs = limits.cpuMs + loadMs;
    let slice: Slice;
    try {
      slice = this.#parts.watched(run.id, allowanceMs, () => instance.load(code, allowanceMs));
    } catch (thrown) {
      const { message, data = null } = this.#placed(home, run, loadError(thrown));
      throw new OpsbroError('OPSBRO_PLUGIN_IMPORT', message, { data });
    }
    this.#minute.add(slice.cpuMs, this.#parts.now().monotonic);
    home.instance = instance;
    if ('fault' in slice) {
      run.usage.cpuMs += slice.cpuMs;
      this.#broke(home, run, slice, 'cpu');
    }
    return instance;
  }

  #begin(home: Home, instance: Instance, run: SandboxRun): void {
    // What came before it in the same breath may have broken the instance.
    if (instance.fault !== undefined) return void this.#parts.lost(this.#left(home, run));
    const { job } = run;
    const { data, looks } = this.#parts;
    const open = (): HostCalls =>
      this.#parts.makeCalls({
        plugin: job.plugin,
        permissions: job.sandbox.permissions,
        data,
        looks,
        signal: run.signal,
        errand: (errand) => this.#parts.errand(run, errand),
        denied: (what) => run.denied(what),
      });
    run.queue = new CallQueue({
      // Most of a run's cost, and many runs call nothing.
      open: () => {
        run.calls ??= open();
        return run.calls;
      },
      isOver: () => run.isOver,
      isSpent: () => run.cpuLeftMs === 0,
      charge: (cpuMs) => this.#charge(run, cpuMs),
      settle: (call, answer) => this.#slice(home, run, { do: 'settle', run: run.id, call, ...answer }),
    });
    this.#slice(home, run, { do: 'begin', ...this.#orderOf(run) });
  }

  #orderOf(run: SandboxRun): GuestOrder {
    const { id, job } = run;
    const { environment } = this.#parts.data;
    const { limits, permissions } = job.sandbox;
    const granted = permissions.env ?? [];
    const words = granted.map((pattern) => parseWord(pattern, '*'));
    const values = Object.entries(words.length === 0 ? {} : environment).filter(([name]) =>
      words.some((word) => matchesWord(word, name)),
    );
    const options = openSecrets(job.schema, job.options, environment);
    run.secrets = secretTexts(job.schema, options);
    return {
      run: id,
      type: job.type,
      object: job.object,
      name: job.name,
      options,
      state: job.state,
      env: { granted, values: Object.fromEntries(values) },
      ...(job.event !== undefined && { event: job.event as unknown as JsonObject }),
      ...(job.facts !== undefined && { facts: job.facts }),
      ...(job.args !== undefined && { args: job.args }),
      limits: {
        outputBytes: limits.outputBytes,
        logLines: limits.logLines,
        hostCalls: limits.hostCalls,
      },
    };
  }

  /** Runs guest code for a run, charges it for the time, and does what the guest says. */
  #slice(home: Home, run: SandboxRun, command: Parameters<typeof withTime>[0]): void {
    const { instance } = home;
    if (instance === undefined || run.isOver) return;
    const { limits } = run.job.sandbox;
    const leftMs = limits.cpuPerMinuteMs - this.#minute.used(this.#parts.now().monotonic);
    const limit: LimitName = leftMs < run.cpuLeftMs ? 'cpu_per_minute' : 'cpu';
    const allowanceMs = Math.min(leftMs, run.cpuLeftMs);
    if (allowanceMs <= 0) {
      if (limit === 'cpu_per_minute' && command.do === 'begin')
        this.#over(home, run, limit, limits.cpuPerMinuteMs - leftMs);
      else this.#broke(home, run, { fault: 'cpu' }, limit);
      return;
    }
    const slice = this.#parts.watched(run.id, allowanceMs, () =>
      instance.post(withTime(command, this.#parts.now()), allowanceMs),
    );
    this.#charge(run, slice.cpuMs);
    if ('fault' in slice) this.#broke(home, run, slice, limit);
    else if (run.usage.cpuMs > limits.cpuMs) this.#broke(home, run, { fault: 'cpu' }, 'cpu');
    else if (!listen(slice.messages, (message) => this.#hear(home, message)))
      this.#broke(home, run, { fault: 'broken' }, limit);
  }

  #hear(home: Home, message: GuestMessage): void {
    if (message.type === 'late') {
      this.#lateCalls += Math.max(0, Math.min(Number(message.calls) || 0, mostLateCalls));
      return;
    }
    const run = home.runs.get(message.run);
    if (run === undefined || run.isOver) return;
    if (message.type === 'call') {
      run.usage.hostCalls += 1;
      if (run.usage.hostCalls > run.job.sandbox.limits.hostCalls)
        this.#over(home, run, 'host_calls', run.usage.hostCalls);
      else run.queue?.push(message);
    } else if (message.type === 'log') {
      if (!run.log(message)) this.#over(home, run, 'log_lines', run.job.sandbox.limits.logLines + 1);
    } else if (message.type === 'emit') run.emits.take(message.topic, message.data);
    else if (message.type === 'emits-dropped') run.emits.dropped += countOf(message.count);
    else if (message.type === 'breach')
      this.#over(home, run, message.limit, Number(message.found), stackOf(message.stack));
    else if (message.type === 'failed' && isOutOfMemory(home, message.error))
      this.#broke(home, run, { fault: 'memory', stack: String(message.error.stack) }, 'memory');
    else {
      const meter = new Meter();
      const end = run.endOf(message);
      const placed =
        'status' in end && end.status === 'failed' ? this.#withPlace(home, run, end, message) : end;
      this.#charge(run, meter.spentMs());
      if ('limit' in placed) this.#over(home, run, placed.limit, placed.found);
      else this.#end(home, run, placed);
    }
  }

  /** Counts processor time that this thread spent for a run, in its guest or on what that asked for. */
  #charge(run: SandboxRun, cpuMs: number): void {
    run.usage.cpuMs += cpuMs;
    this.#minute.add(cpuMs, this.#parts.now().monotonic);
  }

  #withPlace(home: Home, run: SandboxRun, end: End & { status: 'failed' }, message: GuestMessage): End {
    if (message.type !== 'failed') return end;
    const data = { ...(end.error.data as JsonObject | undefined), stack: String(message.error.stack) };
    return { ...end, error: this.#placed(home, run, { ...end.error, data }) };
  }

  /** An error whose message names the author's file and line, and whose data has the frames that are the author's. */
  #placed(home: Home, run: SandboxRun, error: ReturnType<typeof plainError>): ReturnType<typeof plainError> {
    const { stack, ...data } = (error.data ?? {}) as JsonObject;
    if (typeof stack !== 'string') return error;
    if (home.mapped?.stack !== stack) home.mapped = { stack, frames: mapStack(stack, mapOf(run)) };
    const { frames } = home.mapped;
    const place = frames[0] === undefined ? '' : ` (at ${placeOf(frames[0])})`;
    return { ...error, message: explainAbsent(error.message) + place, data: { ...data, stack: frames } };
  }

  #over(home: Home, run: SandboxRun, limit: LimitName, found: number, stack?: string): void {
    const end = run.overrun(run.breach(limit, found));
    if (stack === undefined || end.status !== 'failed') {
      this.#end(home, run, end);
      return;
    }
    const data = { ...(end.error.data as JsonObject), stack };
    this.#end(home, run, { ...end, error: this.#placed(home, run, { ...end.error, data }) });
  }

  /** The instance is left; the run that broke it fails, the others in it are to be made again. */
  #broke(home: Home, run: SandboxRun, { fault, stack }: Broken, limit: LimitName): void {
    if (home.instance !== undefined) home.instance.fault ??= fault;
    if (this.#home === home) this.#home = undefined;
    const { usage } = run;
    if (fault === 'broken')
      this.#end(home, run, {
        status: 'failed',
        error: { code: 'OPSBRO_PLUGIN_FAILED', message: 'its code broke the sandbox that it ran in' },
      });
    else if (fault === 'memory') this.#over(home, run, 'memory', home.instance?.memoryBytes ?? 0, stack);
    else {
      const { cpuPerMinuteMs } = run.job.sandbox.limits;
      this.#over(home, run, limit, limit === 'cpu' ? usage.cpuMs : cpuPerMinuteMs, stack);
    }
    for (const other of [...home.runs.values()]) this.#parts.lost(this.#left(home, other));
  }

  #timeOut(home: Home, run: SandboxRun): void {
    if (run.isOver) return;
    const message = `did not end within ${run.job.timeoutMs} ms: ${awaitedOf(run.queue)}`;
    const error = { code: 'OPSBRO_PLUGIN_TIMEOUT', message };
    let stack: string | undefined;
    const { instance } = home;
    let state: JsonObject | null = null;
    if (instance !== undefined && run.queue !== undefined) {
      const command = withTime({ do: 'end', run: run.id, error }, this.#parts.now());
      const slice = this.#parts.watched(run.id, goodbyeMs, () => instance.post(command, goodbyeMs));
      this.#charge(run, slice.cpuMs);
      const hear = (message: GuestMessage): void => {
        const isLast = message.type === 'failed' && message.run === run.id;
        const end = isLast ? run.endOf(message) : this.#hear(home, message);
        if (end && 'state' in end) state = end.state ?? null;
        if (isLast) stack = stackOf(message.error.stack);
      };
      if ('messages' in slice && !listen(slice.messages, hear)) instance.fault = 'broken';
    }
    const told = stack === undefined ? error : this.#placed(home, run, { ...error, data: { stack } });
    this.#end(home, run, { status: 'failed', error: told, state });
    if (instance?.fault !== undefined) {
      if (this.#home === home) this.#home = undefined;
      for (const other of [...home.runs.values()]) this.#parts.lost(this.#left(home, other));
    }
  }

  #end(home: Home, run: SandboxRun, end: End): void {
    if (run.isOver) return;
    const isHandler = run.job.type === 'handle';
    const kept = end.status === 'failed' && !isHandler ? { ...end, state: null } : end;
    run.usage.lateCalls += this.#lateCalls;
    this.#lateCalls = 0;
    const result = run.finish(kept, home.instance?.memoryBytes ?? 0);
    this.#left(home, run);
    this.#parts.ended(run, result);
  }

  #left(home: Home, run: SandboxRun): SandboxRun {
    if (home.runs.delete(run.id)) this.#runs -= 1;
    return run;
  }
}

/** False for what cannot be heard. Nothing of ours in the guest says such a thing, so somebody else owns it. */
function listen(messages: readonly GuestMessage[], hear: (message: GuestMessage) => void): boolean {
  try {
    for (const message of messages) hear(message);
    return true;
  } catch {
    return false;
  }
}

/** `plainError` leaves an error's data behind, and here is the stack in it. */
function loadError(thrown: unknown): PlainError {
  const error = plainError(thrown, 'OPSBRO_PLUGIN_IMPORT');
  return thrown instanceof OpsbroError && thrown.data !== undefined ? { ...error, data: thrown.data } : error;
}

type Untimed<Command> = Command extends unknown ? Omit<Command, 'at'> : never;

function withTime(
  command: Untimed<Parameters<Instance['post']>[0]>,
  { epoch, monotonic }: ReturnType<TenantParts['now']>,
): Parameters<Instance['post']>[0] {
  return { ...command, at: [epoch, monotonic] } as Parameters<Instance['post']>[0];
}

/** A stack that the guest tells; undefined for none. */
function stackOf(told: unknown): string | undefined {
  return typeof told === 'string' && told !== '' ? told : undefined;
}

/** A count that the guest tells, which may be anything. */
function countOf(told: unknown): number {
  return Number.isSafeInteger(told) ? Math.max(0, told as number) : 1;
}

/**
 * A guest may catch that it has no memory left, and throw it on: an error of the engine's, or nothing at all where there was no room for one
 * either.
 */
function isOutOfMemory({ instance }: Home, { name, message, stack }: GuestError): boolean {
  if (instance?.isWorn !== true) return false;
  return name === 'InternalError' ? /memory/.test(message) : message === unknownError && stack === '';
}

function mapOf({ job }: SandboxRun): string {
  try {
    const { map }: Bundle = readBundle(job.sandbox.bundle, job.sandbox.digest);
    return map;
  } catch {
    return '';
  }
}
