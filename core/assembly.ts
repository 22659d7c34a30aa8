import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from 'opsbro/sdk';
import type { AgentSettings } from '../configuration/model.ts';
import { ExecClient } from '../exec/exec-client.ts';
import { ExpressionEngine } from '../language/engine/engine.ts';
import type { ExpressionLimits, Facts, FunctionCaller, Outcome, Program } from '../language/program.ts';
import type { DataDirectory } from '../store/data-directory.ts';
import type { Store } from '../store/level.ts';
import { createJobPool, type JobPool } from '../threads/job-pool.ts';
import type { ThreadData } from '../threads/protocol.ts';
import { MemoryGuard, memorySuspects } from '../threads/services/memory-guard.ts';
import { ServiceHost } from '../threads/services/services.ts';
import { Board } from './board/board.ts';
import { Bus } from './board/bus.ts';
import { History } from './board/history.ts';
import { systemClock, type TimerClock } from './clock.ts';
import { plainError } from './errors.ts';
import type { ExactStore, HostDeps, HostLog } from './host/deps.ts';
import { functionCaller } from './host/function-calls.ts';
import { Heartbeat } from './host/heartbeat.ts';
import { ObjectTable } from './host/objects.ts';
import { PluginStates } from './host/plugin-states.ts';
import { Registry } from './host/registry.ts';
import { Runner } from './host/runner.ts';
import { ServiceLinks } from './host/service-links.ts';
import { CurrentSettings } from './host/settings.ts';
import { agentUuid } from './identity.ts';
import type { AgentLog } from './log.ts';
import { Alerting } from './notify/alerting.ts';
import { CrashJournal, readCrashJournal } from './quarantine/journal.ts';
import { JournaledPool } from './quarantine/journaled-pool.ts';
import { Quarantine } from './quarantine/quarantine.ts';
import { Scheduler } from './schedule/scheduler.ts';

/** The package's root: holds `config.d`, `plugins`, `dist`. This file runs from `dist/core` or, under vitest, from `core`. */
export const packageRoot = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '..' : '../..', import.meta.url),
).replace(/\/$/, '');

/** How long a result waits for the disk. */
const storeMs = 5000;

/** Who this agent is. */
export interface Identity {
  name: string;
  uuid: string;
  version: string;
  startedAt: number;
  /** The same moment on the monotonic clock, ms. */
  startedMs: number;
  socket: string;
  data: string;
  config: string[];
}

/** The parts of an agent, made but not started. */
export interface Assembly {
  deps: HostDeps;
  pool: JobPool;
  commands: ExecClient;
  runner: Runner;
  history: History;
  alerting: Alerting;
  rules: Rules;
  services: ServiceHost;
  links: ServiceLinks;
  guard: MemoryGuard;
  identity: Identity;
  /** Plugins that ran when a previous agent died. */
  crashed: string[];
  settings(): AgentSettings;
  useSettings(settings: AgentSettings): void;
  /** Looks, once a second, for services that hang and checks whose runs do not come, and says that this agent lives. */
  watch(): void;
}

/** What the parts need from outside. */
export interface AssemblyOptions {
  log: AgentLog;
  data: DataDirectory;
  dataPath: string;
  config: string[];
  socket: string;
  onTick(lateByMs: number): void;
  agentFacts(): JsonObject;
  /** Errors that the configuration has now. */
  configurationErrors(): number;
}

/** The expression engine behind its limits: it starts with the first settings, and is replaced when they change. */
export class Rules {
  readonly #caller: FunctionCaller;
  readonly #programs = new Map<string, Program>();
  #limits: ExpressionLimits | undefined;
  #engine: ExpressionEngine | undefined;

  constructor(caller: FunctionCaller) {
    this.#caller = caller;
  }

  get engine(): ExpressionEngine {
    if (this.#engine === undefined) throw new Error('limits are set before anything is evaluated');
    return this.#engine;
  }

  /** Starts the engine, or replaces it when the limits differ from those it has. */
  useLimits(limits: ExpressionLimits): void {
    if (this.#engine !== undefined && JSON.stringify(limits) === JSON.stringify(this.#limits)) return;
    const old = this.#engine;
    this.#limits = limits;
    this.#engine = new ExpressionEngine({ limits, callFunction: this.#caller, clock: systemClock });
    this.#engine.put([...this.#programs.values()]);
    void old?.stop();
  }

  put(programs: Program[]): void {
    for (const program of programs) this.#programs.set(program.id, program);
    this.engine.put(programs);
  }

  delete(ids: string[]): void {
    for (const id of ids) this.#programs.delete(id);
    this.engine.delete(ids);
  }

  /** Evaluations that the engine's replacement cut off are made again by the new one. */
  async evaluate(ids: string[], facts: Facts): Promise<Outcome[]> {
    for (;;) {
      const { engine } = this;
      const outcomes = await engine.evaluate(ids, facts);
      if (engine === this.#engine) return outcomes;
    }
  }

  async stop(): Promise<void> {
    await this.#engine?.stop();
  }
}

/** What every thread gets: where the host's file systems are, and the environment that `ctx.env` reads. */
export function threadData(environment: NodeJS.ProcessEnv): ThreadData {
  const defined = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return {
    hostProc: environment.HOST_PROC ?? '/proc',
    hostSys: environment.HOST_SYS ?? '/sys',
    hostRoot: environment.HOST_ROOT ?? '/',
    environment: Object.fromEntries(defined),
  };
}

/** Makes the parts of an agent and joins them. Touches the data directory; starts no thread but the pool's first. */
export function assemble(options: AssemblyOptions): Assembly {
  const crashed = readCrashJournal(journalPath(options));
  const identity = identify(options);
  const settings = new CurrentSettings(identity.name);
  const made = makeDeps(options, identity, settings);
  const { deps, pool, rules } = made;
  const runner = new Runner(deps);
  made.later.runner = runner;
  const services = makeServices(deps);
  const alerting = new Alerting(deps, identity.name, () => ({
    services: services.figures(),
    isStoreWritable: options.data.store.figures().writable,
    configurationErrors: options.configurationErrors(),
  }));
  made.later.alerting = alerting;
  return {
    ...made,
    runner,
    history: new History(options.data.store),
    alerting,
    services,
    links: new ServiceLinks(deps, services),
    guard: makeGuard(pool, services, () => settings.now.limits.maxRssBytes),
    identity,
    crashed,
    settings: () => settings.now,
    watch: watcher(services, runner, alerting, new Heartbeat(deps, () => settings.now.heartbeat)),
    useSettings(next) {
      settings.use(next);
      rules.useLimits(expressionLimits(next));
    },
  };
}

function journalPath({ dataPath }: AssemblyOptions): string {
  return join(dataPath, 'run', 'journal');
}

/** What is made with the other parts, and is one of theirs. */
interface Later {
  runner?: Runner;
  alerting?: Alerting;
}

function makeDeps(
  options: AssemblyOptions,
  identity: Identity,
  settings: CurrentSettings,
): { deps: HostDeps; pool: JobPool; commands: ExecClient; rules: Rules; later: Later } {
  const { log, data, dataPath } = options;
  const clock = systemClock;
  const later: Later = {};
  const bus = new Bus();
  const board = new Board(bus);
  const registry = new Registry();
  const journal = new CrashJournal(journalPath(options));
  const store = exactStore(data.store, clock, log);
  const quarantine = new Quarantine(store);
  const jobs = new JournaledPool(journal, quarantine);
  const rules = new Rules(functionCaller(registry, jobs));
  const commands = new ExecClient({ dataDirectory: dataPath, clock });
  const deps: HostDeps = {
    clock,
    log,
    table: new ObjectTable(),
    registry,
    board,
    bus,
    scheduler: new Scheduler({ clock, onDue: (ids) => later.runner?.run(ids), onTick: options.onTick }),
    pool: jobs,
    commands,
    rules,
    store,
    states: new PluginStates(data.store),
    quarantine,
    journal,
    facts: () => currentFacts(board, identity, settings.now),
    agentFacts: options.agentFacts,
    get notifications() {
      return (later.alerting as Alerting).notifications;
    },
  };
  return { deps, pool: makePool(jobs, log), commands, rules, later };
}

function watcher(
  services: ServiceHost,
  runner: Runner,
  alerting: Alerting,
  heartbeat: Heartbeat,
): () => void {
  return () => {
    services.check();
    void runner.lookForLate();
    void alerting.tick();
    heartbeat.tick(systemClock.monotonic());
  };
}

function makePool(jobs: JournaledPool, log: HostLog): JobPool {
  const pool = createJobPool({
    threadData: threadData(process.env),
    clock: systemClock,
    onStart: (job) => jobs.began(job),
    onLateError: (plugin, { code, message }) =>
      log.warn('a plugin threw after its run', { plugin, code, reason: message }),
  });
  jobs.use(pool);
  return pool;
}

function makeGuard(pool: JobPool, services: ServiceHost, maxRssBytes: () => number): MemoryGuard {
  return new MemoryGuard({
    clock: systemClock,
    get maxRssBytes() {
      return maxRssBytes();
    },
    rss: () => process.memoryUsage.rss(),
    suspects: () => memorySuspects(pool, services),
  });
}

function expressionLimits({ limits }: AgentSettings): ExpressionLimits {
  return {
    cpuMs: limits.expressionCpuMs,
    watchdogMs: limits.expressionWatchdogMs,
    memoryBytes: limits.expressionMemoryBytes,
    stackBytes: 128 * 1024,
  };
}

function makeServices({ clock, log, bus, states, table, journal }: HostDeps): ServiceHost {
  return new ServiceHost({
    clock,
    onThreadStart: (plugin) => journal.enter(plugin),
    onThreadEnd: (plugin) => journal.leave(plugin),
    threadData: threadData(process.env),
    load: (id) => states.get(id),
    save(id, state) {
      if (table.has(id)) states.set(id, state);
    },
    emit: (id, topic, data) => bus.publish('service', { plugin: id, topic, data, at: clock.now() }),
    log: (id, { level, message, fields }) => log[level](message, { ...fields, plugin: id }),
    changed(id, state, error) {
      if (error === null) log.info(`service is ${state}`, { plugin: id });
      else log.error(`service is ${state}`, { plugin: id, code: error.code, reason: error.message });
    },
  });
}

function identify({ dataPath, config, socket }: AssemblyOptions): Identity {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  return {
    name: hostname(),
    uuid: agentUuid(dataPath),
    version,
    startedAt: systemClock.now(),
    startedMs: systemClock.monotonic(),
    socket,
    data: dataPath,
    config,
  };
}

function currentFacts(board: Board, identity: Identity, settings: AgentSettings): Facts {
  const now = systemClock.now();
  return {
    sample: (collector) => board.samples.get(collector)?.tree,
    groups: board.groups,
    staticGroups: board.staticGroups,
    now,
    seed: now % 0x7fff_ffff,
    node: { name: identity.name, uuid: identity.uuid, zone: settings.nodeZone },
  };
}

/**
 * A store that cannot be written keeps the batch, says so once by itself and tries again: its callers go on. So they do after `storeMs` when the
 * disk does not answer, or when too much waits for it already.
 */
export function exactStore(store: Pick<Store, 'put'>, clock: TimerClock, log: HostLog): ExactStore {
  let lags = false;
  return {
    async put(batch) {
      let cancel = (): void => undefined;
      const late = new Promise<string>((resolve) => {
        cancel = clock.after(storeMs, () => resolve(`no answer within ${storeMs} ms`));
      });
      const written = store.put(batch).then(
        () => null,
        (error: unknown) => {
          const { code, message } = plainError(error, 'OPSBRO_AGENT_BUSY');
          return code === 'OPSBRO_AGENT_STORE' ? null : message;
        },
      );
      const reason = await Promise.race([written, late]);
      cancel();
      if (reason !== null && !lags)
        log.error('the store does not keep up; a crash now loses what changes', {
          code: 'OPSBRO_AGENT_BUSY',
          reason,
        });
      lags = reason !== null;
    },
  };
}
