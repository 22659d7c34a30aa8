import { join } from 'node:path';
import type { Json, JsonObject } from 'opsbro/sdk';
import { ConfigClient } from '../configuration/client.ts';
import { ConfigWatch } from '../configuration/watch/watch.ts';
import { CpuMeter } from '../control/cpu-meter.ts';
import { lockCandidates } from '../control/defaults.ts';
import { LocalZone } from '../control/local-zone.ts';
import { fileLimitAdvice } from '../control/process-limits.ts';
import { RouteTable } from '../control/route-table.ts';
import { ControlServer } from '../control/server.ts';
import { prepareSocket } from '../control/socket-path.ts';
import { createNotifier, type Notifier } from '../control/systemd.ts';
import { type DataDirectory, openDataDirectory } from '../store/data-directory.ts';
import { beginSmall } from '../threads/heap.ts';
import type { AgentHandle, AgentOptions } from './agent-handle.ts';
import { type Assembly, assemble, packageRoot } from './assembly.ts';
import { late, systemClock } from './clock.ts';
import { plainError } from './errors.ts';
import { applyPlan, linkGroups } from './host/apply-plan.ts';
import { Chores } from './host/chores.ts';
import { Reloader } from './host/reloader.ts';
import { accuse, dropOrphans, restoreBoard } from './host/restore.ts';
import { type AgentLog, createLog } from './log.ts';
import { type AgentInside, agentView, pluginViews } from './routes/agent.ts';
import { routeAsker } from './routes/asked.ts';
import { controlRoutes } from './routes/index.ts';

export type { AgentHandle } from './agent-handle.ts';

/** With what ends the process afterwards, a stop takes five seconds at most. */
const stopDeadlineMs = 4100;
/** Leaves time to write what must be kept. */
const endsMs = 3400;
const cutOffMs = 500;
const initialDeadlineMs = 30_000;

/**
 * Starts an agent and resolves once it serves its socket, or stops because `options.stop` fired. Rejects with OPSBRO_AGENT_LOCKED, OPSBRO_AGENT_DATA, OPSBRO_AGENT_FORMAT or
 * OPSBRO_CONFIG_NOT_FOUND before anything runs; whatever goes wrong later is handled and logged.
 */
export async function startAgent(options: AgentOptions): Promise<AgentHandle> {
  beginSmall();
  const log = createLog({ level: options.logLevel ?? 'info' });
  const config = new ConfigClient({
    directories: {
      config: options.config,
      plugins: { manifests: join(packageRoot, 'plugins'), modules: join(packageRoot, 'dist', 'plugins') },
      locks: lockCandidates(options.config, options.data),
    },
    clock: systemClock,
  });
  config.warm();
  let data: DataDirectory | undefined;
  let agent: Agent | undefined;
  try {
    data = await openDataDirectory(options.data, {
      onTrouble(error) {
        if (error === null) log.warn('the store can be written again');
        else log.error(error.message, { code: error.code });
      },
    });
    options.onData?.(data.run);
    for (const line of data.mended) log.warn(line);
    const advice = fileLimitAdvice();
    if (advice !== undefined) log.warn(advice);
    agent = new Agent(options, log, config, data);
    agent.stopAt(options.stop);
    await agent.start();
    return agent;
  } catch (error) {
    await (agent?.abandon() ?? Promise.all([config.stop(), data?.close()]));
    throw error;
  }
}

class Agent implements AgentHandle {
  readonly stopped: Promise<number | null>;
  readonly #options: AgentOptions;
  readonly #log: AgentLog;
  readonly #config: ConfigClient;
  readonly #data: DataDirectory;
  readonly #parts: Assembly;
  readonly #reloader: Reloader;
  readonly #routes: RouteTable;
  readonly #server: ControlServer;
  readonly #notifier: Notifier;
  readonly #cpu: CpuMeter;
  readonly #inside: AgentInside;
  readonly #chores: Chores;
  readonly #zone = new LocalZone();
  #watch: ConfigWatch | undefined;
  #state: 'starting' | 'running' | 'stopping' = 'starting';
  #started: Promise<void> = Promise.resolve();
  #resolveStopped!: (code: number | null) => void;

  constructor(options: AgentOptions, log: AgentLog, config: ConfigClient, data: DataDirectory) {
    this.#options = options;
    this.#log = log;
    this.#config = config;
    this.#data = data;
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    this.#notifier = createNotifier(process.env);
    this.#parts = assemble({
      log,
      data,
      dataPath: options.data,
      config: options.config,
      uuid: options.uuid,
      ask: (...asked) => routeAsker(this.#parts.deps.registry, this.#routes)(...asked),
      onTick: () => this.#chores.tick(systemClock.monotonic()),
      endedWith: options.endedWith ?? null,
      agentFacts: () => this.#agentFacts(),
      configurationErrors: () => this.#reloader.errorCount(),
    });
    this.#reloader = this.#makeReloader();
    this.#cpu = new CpuMeter(() => process.cpuUsage(), systemClock.monotonic());
    this.#inside = this.#makeInside();
    this.#routes = this.#makeRoutes();
    this.#server = new ControlServer(this.#routes, (path) =>
      this.#log.warn('the socket was gone; the agent listens on it again', { socket: path }),
    );
    this.#chores = this.#makeChores();
  }

  stopAt(signal: AbortSignal | undefined): void {
    const stop = (): void => this.stop(String(signal?.reason));
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  }

  /** Resolves also when a stop cut it short. */
  async start(): Promise<void> {
    const started = this.#start();
    this.#started = started.catch(() => undefined);
    await started.catch((error: unknown) => {
      if (!this.#isStopping()) throw error;
    });
  }

  async #start(): Promise<void> {
    const { deps, identity } = this.#parts;
    const steps = [
      () => this.#restore(),
      () => this.#firstLoad(),
      () => this.#server.listen(() => prepareSocket(this.#options.data, process.getuid?.() ?? 0)),
    ];
    for (const step of steps) {
      if (this.#isStopping()) return;
      await step();
    }
    if (this.#isStopping()) return;
    deps.scheduler.start();
    this.#startWatch();
    this.#log.info('agent started', { pid: process.pid, data: identity.data, socket: identity.socket });
  }

  async #restore(): Promise<void> {
    const { deps, alerting, crashed, history } = this.#parts;
    await alerting.restore(this.#data.store);
    await restoreBoard(this.#data.store, deps.board, deps.quarantine, systemClock.now());
    await Promise.all([deps.states.restore(), history.restore()]);
    await accuse(deps, crashed, this.#options.endedWith);
    history.follow(deps.bus);
    deps.bus.subscribe('groups', () => {
      void linkGroups(deps);
      this.#linkServices();
    });
  }

  #isStopping(): boolean {
    return this.#state === 'stopping';
  }

  /** Releases what a start that failed has acquired. */
  async abandon(): Promise<void> {
    this.#state = 'stopping';
    await this.#release();
  }

  stop(why: string): void {
    if (this.#isStopping()) return;
    this.#state = 'stopping';
    this.#notifier.stopping();
    this.#log.info('agent stops', { why });
    const deadline = setTimeout(() => {
      this.#log.error('stopping takes too long; the rest is cut off', { deadline_ms: stopDeadlineMs });
      this.#parts.deps.journal.close();
      this.#resolveStopped(null);
    }, stopDeadlineMs);
    this.#release()
      .then(() => this.#sayGoodbye())
      .catch((error: unknown) => {
        this.#log.error('stopping went wrong', { reason: plainError(error, 'OPSBRO_AGENT_STORE').message });
        return 1;
      })
      .then((code) => {
        clearTimeout(deadline);
        this.#resolveStopped(code);
      });
  }

  async cutOff(): Promise<boolean> {
    this.#parts.deps.journal.close();
    const closed = Promise.allSettled([this.#data.close(), this.#log.close()]);
    return (await Promise.race([closed, late(cutOffMs)])) !== false;
  }

  reload(): void {
    this.#reloader.reloadForSignal();
  }

  /** Everything is told to end, then what must be kept is written: also when something did not end in its time. */
  async #release(): Promise<void> {
    const { alerting, commands, deps, pools, rules, services, links } = this.#parts;
    deps.scheduler.stop();
    alerting.stop();
    links.stop();
    this.#reloader.stop();
    // What a run cut off now would say of the host is that the agent stopped.
    deps.table.endRuns();
    // A start under way ends with its load, and starts nothing more.
    const configEnds = this.#config.stop();
    const ends = this.#started.then(async () => {
      const parts = [this.#watch?.stop(), this.#server.close(500), configEnds, pools.close(2000)];
      await Promise.allSettled([...parts, commands.stop(), services.stopAll(), rules.stop()]);
      return true;
    });
    if (!(await Promise.race([ends, late(endsMs)])))
      this.#log.warn('some threads do not end; they are cut off', { deadline_ms: endsMs });
    await this.#flush();
    deps.journal.close();
    await this.#data.close();
    const { writable, dropped } = this.#data.store.figures();
    if (!writable)
      this.#log.error('what the disk did not take is lost', { code: 'OPSBRO_AGENT_STORE', entries: dropped });
    this.#notifier.close();
  }

  async #sayGoodbye(): Promise<number> {
    this.#log.info('agent stopped');
    await this.#log.close();
    return 0;
  }

  async #flush(): Promise<void> {
    const { deps } = this.#parts;
    deps.states.save();
    const put = [...deps.board.verdicts, ...deps.board.ahead].map(([id, status]): [string, Json] => [
      `check/${id}`,
      status as unknown as JsonObject,
    ]);
    await Promise.all([this.#data.store.putLazy({ put }), this.#data.store.flush()]);
  }

  async #firstLoad(): Promise<void> {
    const { alerting, deps } = this.#parts;
    await this.#reloader.reload();
    // What a file that cannot be read now had is not gone.
    const has = (id: string): boolean => this.#reloader.status().badFiles.length > 0 || deps.table.has(id);
    const orphans = dropOrphans(deps.board, deps.states, has, systemClock.now());
    if (orphans.length > 0) await deps.store.put({ del: orphans });
    await linkGroups(deps);
    await alerting.start();
  }

  #startWatch(): void {
    if (this.#options.oneShot === true) return;
    this.#watch = new ConfigWatch({
      directories: this.#options.config,
      files: lockCandidates([], this.#options.data),
      clock: systemClock,
      onHint: () => this.#config.warm(),
      onChange: () => this.#reloader.reloadQuietly(),
      onBlind: (reason) =>
        this.#log.warn('the kernel does not watch the configuration: it is looked at every 5 s', { reason }),
    });
    // What changed between the first load and now, nobody saw.
    void this.#watch.start().then(() => this.#reloader.reloadQuietly());
  }

  #makeReloader(): Reloader {
    const { deps, alerting, rules, useSettings } = this.#parts;
    return new Reloader({
      log: this.#log,
      now: () => systemClock.now(),
      running: () => deps.table.running(),
      load: (running) => this.#config.load(running),
      onSettings: (settings) => {
        if (this.#options.logLevel === undefined) this.#log.setLevel(settings.logLevel);
        useSettings(settings);
      },
      apply: async (plan) => {
        await applyPlan(deps, rules, this.#parts.pools, plan);
        await alerting.configure(plan.badFiles.length === 0);
        this.#linkServices();
      },
      onBusy: (busy) => {
        // Its end says READY, which only an agent that runs may say.
        if (this.#state === 'running') this.#notifier.reloading(busy);
      },
    });
  }

  #makeInside(): AgentInside {
    const { deps, pools, rules, services, identity, settings } = this.#parts;
    return {
      deps,
      reloader: this.#reloader,
      identity,
      settings,
      state: () => this.#state,
      threads: () => ({
        ...pools.threads(),
        expression: rules.engine.figures().threads,
        service: services.figures().length,
      }),
      penalised: () => new Set(pools.jobs.penalised()),
      sandbox: (plugin) => pools.sandboxes.figures(plugin),
      services,
      linkServices: () => this.#linkServices(),
      cpuPercent: () => this.#cpu.percent(systemClock.monotonic()),
      logFigures: () => this.#log.figures(),
      readLog: (after, part) => this.#log.read(after, part),
      stop: () => this.stop('asked over the socket'),
    };
  }

  #makeRoutes(): RouteTable {
    const { runner, history, alerting, rules } = this.#parts;
    const [inside, config, explainer] = [this.#inside, this.#config, () => rules.engine];
    return new RouteTable(controlRoutes({ inside, runner, history, alerting, config, explainer }));
  }

  #linkServices(): void {
    if (this.#state === 'stopping') return;
    this.#parts.links.reconcile();
    this.#parts.links.serve(this.#routes);
  }

  #makeChores(): Chores {
    const start = systemClock.monotonic();
    return new Chores(
      [
        { everyMs: 200, run: (now) => this.#watchFirstRound(now - start) },
        { everyMs: 200, run: () => this.#guardMemory() },
        { everyMs: 1000, run: () => this.#parts.watch() },
        { everyMs: 5000, run: () => void this.#server.check() },
        { everyMs: this.#notifier.watchdogMs, run: () => this.#notifier.watchdog() },
        { everyMs: 10_000, run: (now) => this.#cpu.sample(now) },
        { everyMs: 60_000, run: () => this.#parts.deps.states.save() },
        { everyMs: 60_000, run: () => this.#watch?.rescan() },
        { everyMs: 10_000, run: () => this.#followZone() },
        { everyMs: 10_000, run: () => void this.#data.reserve.keep() },
      ],
      start,
      (reason) => this.#log.error('a chore of the agent failed', { reason }),
    );
  }

  /** Hours of handlers are those of the zone they were loaded in. */
  #followZone(): void {
    if (!this.#zone.look() || this.#isStopping()) return;
    const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
    this.#log.info('the time zone of this host is another', { zone: timeZone });
    this.#reloader.reloadQuietly();
  }

  #guardMemory(): void {
    const plugin = this.#parts.guard.check();
    if (plugin !== null) this.#log.error('ended a thread: the agent is over its memory limit', { plugin });
  }

  /** The agent runs once every collector and detector that may run has run once and no service is still starting, or 30 s have passed. */
  #watchFirstRound(sinceMs: number): void {
    if (this.#state !== 'starting') return;
    const runs = [...this.#parts.deps.table.runtimes()].some(
      ({ object, active, hasRun }) =>
        active && !hasRun && (/^(coll|det)ector$/.test(object.kind) || this.#options.oneShot === true),
    );
    const waiting = runs || this.#parts.services.figures().some(({ state }) => state === 'starting');
    if (waiting && sinceMs < initialDeadlineMs) return;
    this.#state = 'running';
    this.#parts.deps.notifications.settled();
    this.#notifier.ready();
    if (this.#options.oneShot === true) this.stop('everything ran once');
  }

  #agentFacts(): JsonObject {
    const plugins = pluginViews(this.#inside);
    return {
      agent: agentView(this.#inside, '', plugins) as unknown as JsonObject,
      plugins: plugins as unknown as JsonObject[],
      handlers: this.#parts.alerting.desk.views() as unknown as JsonObject[],
    };
  }
}
