import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from 'opsbro/sdk';
import { crashTrouble, spaceTrouble } from '../alerting/own-troubles.ts';
import type { AgentSettings } from '../configuration/model.ts';
import { systemDirectories } from '../control/defaults.ts';
import { residentBytes } from '../control/process-limits.ts';
import { socketPath } from '../control/socket-path.ts';
import { ExecClient } from '../exec/exec-client.ts';
import { ExpressionEngine } from '../language/engine/engine.ts';
import {
  defaultExpressionLimits,
  type ExpressionLimits,
  type Facts,
  type FunctionCaller,
  type Outcome,
  type Program,
} from '../language/program.ts';
import { createErrands } from '../sandbox/grants/errands.ts';
import { Keys } from '../sandbox/grants/keys.ts';
import type { ErrandRunner } from '../sandbox/model.ts';
import { AgentUuid } from '../store/agent-uuid.ts';
import { CrashJournal, readCrashJournal } from '../store/crash-journal.ts';
import type { DataDirectory } from '../store/data-directory.ts';
import { exactStore } from '../store/exact-store.ts';
import { FreeSpace } from '../store/free-space.ts';
import type { RouteAsker } from '../threads/context/errand-line.ts';
import type { ThreadData } from '../threads/protocol.ts';
import { MemoryGuard, memorySuspects } from '../threads/services/memory-guard.ts';
import { ServiceHost } from '../threads/services/services.ts';
import { Board } from './board/board.ts';
import { Bus } from './board/bus.ts';
import { emittingPool, publishEmitted } from './board/emitted.ts';
import { History } from './board/history.ts';
import { systemClock } from './clock.ts';
import { Heartbeat } from './export/heartbeat.ts';
import type { HostDeps } from './host/deps.ts';
import { functionCaller } from './host/function-calls.ts';
import { ObjectTable } from './host/objects.ts';
import { PluginStates } from './host/plugin-states.ts';
import { Registry } from './host/registry.ts';
import { Runner } from './host/runner.ts';
import { ServiceLinks } from './host/service-links.ts';
import { CurrentSettings } from './host/settings.ts';
import type { AgentLog } from './log.ts';
import { Alerting } from './notify/alerting.ts';
import { Pools } from './pools.ts';
import { JournaledPool } from './quarantine/journaled-pool.ts';
import { Quarantine } from './quarantine/quarantine.ts';
import { Scheduler } from './schedule/scheduler.ts';

/** The package's root: holds `config.d`, `plugins`, `dist`. This file runs from `dist/core` or, under vitest, from `core`. */
export const packageRoot = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '..' : '../..', import.meta.url),
).replace(/\/$/, '');

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
  pools: Pools;
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
  onTick(lateByMs: number): void;
  /** Answers what services ask of the agent's routes. */
  ask: RouteAsker;
  agentFacts(): JsonObject;
  /** `--uuid`. */
  uuid: string | undefined;
  /** What the previous agent ended with, where a launcher started this one after a crash. */
  endedWith: number | null;
  /** Errors that the configuration has now. */
  configurationErrors(): number;
}

/** The expression engine behind its limits: its thread starts while the configuration is read, and it is replaced when they change. */
export class Rules {
  readonly #caller: FunctionCaller;
  readonly #programs = new Map<string, Program>();
  #limits = defaultExpressionLimits;
  #engine: ExpressionEngine;

  constructor(caller: FunctionCaller) {
    this.#caller = caller;
    this.#engine = this.#start();
  }

  get engine(): ExpressionEngine {
    return this.#engine;
  }

  /** Replaces the engine when the limits differ from those it has. */
  useLimits(limits: ExpressionLimits): void {
    if (JSON.stringify(limits) === JSON.stringify(this.#limits)) return;
    const old = this.#engine;
    this.#limits = limits;
    this.#engine = this.#start();
    this.#engine.put([...this.#programs.values()]);
    void old.stop();
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
    await this.#engine.stop();
  }

  #start(): ExpressionEngine {
    const engine = new ExpressionEngine({
      limits: this.#limits,
      callFunction: this.#caller,
      clock: systemClock,
    });
    engine.warm();
    return engine;
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
  const own = ownUuid(options);
  const identity = identify(options, own);
  const settings = new CurrentSettings(identity.name);
  const made = makeDeps(options, identity, settings);
  const { deps, pools, rules } = made;
  const runner = new Runner(deps);
  made.later.runner = runner;
  const services = makeServices(deps, made.errand, options.ask);
  const space = new FreeSpace(options.dataPath, systemClock);
  const alerting = new Alerting(deps, identity.name, () => ({
    services: services.figures(),
    isStoreWritable: options.data.store.figures().writable,
    configurationErrors: options.configurationErrors(),
    own: [
      crashTrouble(options.endedWith, systemClock.monotonic()),
      spaceTrouble(space.low(), options.dataPath),
    ],
  }));
  made.later.alerting = alerting;
  return {
    ...made,
    runner,
    history: new History(options.data.store),
    alerting,
    services,
    links: new ServiceLinks(deps, services),
    guard: makeGuard(pools, services, () => settings.now.limits.maxRssBytes),
    identity,
    crashed,
    settings: () => settings.now,
    watch: watcher(services, runner, alerting, new Heartbeat(deps, () => settings.now.heartbeat)),
    useSettings(next) {
      settings.use(next);
      identity.uuid = own.configure(next.values.uuid);
      rules.useLimits(expressionLimits(next));
      alerting.records.keepFor(next.explainDays * 86_400_000);
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
): {
  deps: HostDeps;
  pools: Pools;
  commands: ExecClient;
  errand: ErrandRunner;
  rules: Rules;
  later: Later;
} {
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
    pool: emittingPool(jobs, { bus, clock, log, registry }),
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
  const errand = createErrands(commands, new Keys(data.store));
  return { deps, pools: makePools(deps, jobs, errand), commands, errand, rules, later };
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

function makePools({ clock, log, quarantine }: HostDeps, jobs: JournaledPool, errand: ErrandRunner): Pools {
  const pools = new Pools({
    threadData: threadData(process.env),
    clock,
    log,
    quarantine,
    began: (job) => jobs.began(job),
    errand,
  });
  jobs.use(pools);
  return pools;
}

function makeGuard(
  { jobs, sandboxes }: Pools,
  services: ServiceHost,
  maxRssBytes: () => number,
): MemoryGuard {
  return new MemoryGuard({
    clock: systemClock,
    get maxRssBytes() {
      return maxRssBytes();
    },
    rss: residentBytes,
    suspects: () => [...memorySuspects(jobs, services), ...sandboxes.suspects()],
  });
}

function expressionLimits({ limits }: AgentSettings): ExpressionLimits {
  return {
    cpuMs: limits.expressionCpuMs,
    watchdogMs: limits.expressionWatchdogMs,
    memoryBytes: limits.expressionMemoryBytes,
    stackBytes: limits.expressionStackBytes,
  };
}

function makeServices(deps: HostDeps, errand: ErrandRunner, ask: RouteAsker): ServiceHost {
  const { clock, log, states, table, journal } = deps;
  return new ServiceHost({
    clock,
    errand,
    ask,
    onThreadStart: (plugin) => journal.enter(plugin),
    onThreadEnd: (plugin) => journal.leave(plugin),
    threadData: threadData(process.env),
    load: (id) => states.get(id),
    save(id, state) {
      if (table.has(id)) states.set(id, state);
    },
    emit: (plugin, topic, data) => publishEmitted(deps, plugin, { topic, data }),
    log: (id, { level, message, fields }) => log[level](message, { ...fields, plugin: id }),
    changed(id, state, error) {
      // One that tries again still carries what it died of.
      const words = `service is ${state === 'backoff' ? 'backing off' : state}`;
      if (error === null || state === 'starting') log.info(words, { plugin: id });
      else log.error(words, { plugin: id, code: error.code, reason: error.message });
    },
  });
}

function ownUuid({ dataPath, uuid: given }: AssemblyOptions): AgentUuid {
  const { hostRoot, hostSys } = threadData(process.env);
  const isSystem = dataPath === systemDirectories.data;
  return new AgentUuid(dataPath, { given, isSystem, hostRoot, hostSys });
}

function identify({ dataPath, config }: AssemblyOptions, own: AgentUuid): Identity {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  return {
    name: hostname(),
    uuid: own.uuid,
    version,
    startedAt: systemClock.now(),
    startedMs: systemClock.monotonic(),
    socket: socketPath(dataPath, process.getuid?.() ?? 0),
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
    node: {
      name: identity.name,
      uuid: identity.uuid,
      zone: settings.nodeZone,
      version: identity.version,
      display_name: settings.displayName,
    },
  };
}
