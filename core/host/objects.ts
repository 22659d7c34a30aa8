import type {
  CheckObject,
  CollectorObject,
  ConfigObject,
  DetectorObject,
  ExporterObject,
  HandlerObject,
  RunningObject,
  ServiceObject,
} from '../../configuration/model.ts';

/** An object the scheduler runs. */
export type ScheduledObject = CollectorObject | DetectorObject | CheckObject | ExporterObject;

/** How an object's last run went. */
export type RunState = 'pending' | 'running' | 'ok' | 'error' | 'not-eligible' | 'disabled' | 'quarantined';

/** An object and what is known of its runs. Kept over reloads that do not change the object. */
export interface Runtime {
  object: ScheduledObject;
  /** It is enabled and its `if_group` holds here. */
  active: boolean;
  state: RunState;
  log: string;
  /** The state a run replaced; a run in progress shows as `running`. */
  settled: RunState;
  failures: number;
  /** A first run has ended since it is active, well or not. */
  hasRun: boolean;
  lastRun: number | null;
  durationMs: number | null;
  /** Of which moment it tells, epoch ms: when the run began, or the oldest of the measurements that it judged. */
  asOf: number | null;
  /** Since when it runs here, monotonic ms. */
  activeMs: number;
  /** When a collector's last tree was measured, or a detector last could tell, monotonic ms. */
  sampledMs: number | null;
  /** Detectors: whether the condition held. */
  matched: boolean | null;
}

function isScheduled(object: ConfigObject): object is ScheduledObject {
  return ['collector', 'detector', 'check', 'exporter'].includes(object.kind);
}

/** It is a check that no run of this agent judges. */
export function isPassive({ object }: Runtime): boolean {
  return object.kind === 'check' && object.passive === true;
}

/** Every object that the configuration gives, by id, with the indexes the runner needs. */
export class ObjectTable {
  readonly #runtimes = new Map<string, Runtime>();
  readonly #others = new Map<string, ConfigObject>();
  readonly #collectors = new Map<string, Runtime>();
  #ended = false;

  /** Adds or replaces an object. A replaced scheduled object starts a new life. */
  put(object: ConfigObject, nowMs: number): void {
    if (!isScheduled(object)) {
      this.#others.set(object.id, object);
      return;
    }
    const state = object.enabled ? 'pending' : 'disabled';
    const runtime: Runtime = {
      object,
      active: false,
      state,
      log: '',
      settled: state,
      failures: 0,
      hasRun: false,
      lastRun: null,
      durationMs: null,
      asOf: null,
      activeMs: nowMs,
      sampledMs: null,
      matched: null,
    };
    this.#runtimes.set(object.id, runtime);
    if (object.kind === 'collector') this.#collectors.set(object.name.toLowerCase(), runtime);
  }

  /** Takes an object out; returns it when it was there. */
  delete(id: string): ConfigObject | undefined {
    const runtime = this.#runtimes.get(id);
    if (runtime === undefined) {
      const other = this.#others.get(id);
      this.#others.delete(id);
      return other;
    }
    this.#runtimes.delete(id);
    const name = runtime.object.name.toLowerCase();
    if (this.#collectors.get(name) === runtime) this.#collectors.delete(name);
    return runtime.object;
  }

  has(id: string): boolean {
    return this.#runtimes.has(id) || this.#others.has(id);
  }

  get(id: string): Runtime | undefined {
    return this.#runtimes.get(id);
  }

  /** Whether a run's result still counts: its object was neither replaced nor taken out, and runs here. */
  isCurrent(runtime: Runtime): boolean {
    return !this.#ended && runtime.active && this.#runtimes.get(runtime.object.id) === runtime;
  }

  /** From now on no run's result counts. */
  endRuns(): void {
    this.#ended = true;
  }

  collector(name: string): Runtime | undefined {
    return this.#collectors.get(name.toLowerCase());
  }

  /** The collectors that run here and that a rule reads; none for what is no rule. */
  sources({ object }: Runtime): Runtime[] {
    const references = object.kind === 'collector' ? [] : (object.program?.references ?? []);
    const names = new Set(references.map(({ collector }) => collector.toLowerCase()));
    return [...names].flatMap((name) => this.#collectors.get(name) ?? []).filter(({ active }) => active);
  }

  runtimes(): IterableIterator<Runtime> {
    return this.#runtimes.values();
  }

  of<Kind extends ScheduledObject['kind']>(
    kind: Kind,
  ): (Runtime & { object: Extract<ScheduledObject, { kind: Kind }> })[] {
    return [...this.#runtimes.values()].filter(
      (runtime): runtime is Runtime & { object: Extract<ScheduledObject, { kind: Kind }> } =>
        runtime.object.kind === kind,
    );
  }

  handler(id: string): HandlerObject | undefined {
    const object = this.#others.get(id);
    return object?.kind === 'handler' ? object : undefined;
  }

  handlers(): HandlerObject[] {
    return [...this.#others.values()].filter((object) => object.kind === 'handler');
  }

  services(): ServiceObject[] {
    return [...this.#others.values()].filter((object) => object.kind === 'service');
  }

  /** All objects, in no particular order. */
  all(): ConfigObject[] {
    return [...[...this.#runtimes.values()].map((runtime) => runtime.object), ...this.#others.values()];
  }

  /** What the config thread must know to plan the next reload. */
  running(): RunningObject[] {
    return this.all()
      .filter((object) => object.kind !== 'check' || object.passive !== true)
      .map(({ id, digest, place }) => ({ id, digest, file: place.file }));
  }
}
