import type { AgentSettings, ConfigPlan, Diagnostic, RunningObject } from '../../configuration/model.ts';
import { OpsbroError, plainError } from '../errors.ts';
import type { HostLog } from './deps.ts';

/** What the agent remembers of its last load. */
export interface LoadStatus {
  generation: number;
  loadedAt: number;
  tookMs: number;
  fileCount: number;
  badFiles: string[];
  diagnostics: Diagnostic[];
}

/** What one reload did. */
export interface ReloadOutcome {
  plan: ConfigPlan;
  ok: boolean;
}

/** What the reloader works with. */
export interface ReloaderOptions {
  log: HostLog;
  now(): number;
  running(): RunningObject[];
  load(running: RunningObject[]): Promise<ConfigPlan>;
  /** Makes the plan run. */
  apply(plan: ConfigPlan): Promise<void>;
  onSettings(settings: AgentSettings): void;
  /** Before and after each reload, for the service manager. */
  onBusy?(busy: boolean): void;
}

/**
 * Reloads the configuration as a transaction: load and validate in the config thread, then apply. Reloads never overlap; those asked
 * for while one runs are answered by one more. A load that fails as a whole changes nothing.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  #running: Promise<ReloadOutcome> | undefined;
  #next: Promise<ReloadOutcome> | undefined;
  #stopped = false;
  /** Loads that changed what runs. */
  #changes = 0;
  #settings = '';
  #reported = new Set<string>();
  #status: LoadStatus = {
    generation: 0,
    loadedAt: 0,
    tookMs: 0,
    fileCount: 0,
    badFiles: [],
    diagnostics: [],
  };

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  status(): LoadStatus {
    return this.#status;
  }

  /** Errors of the last load. */
  errorCount(): number {
    return this.#status.diagnostics.filter(({ severity }) => severity === 'error').length;
  }

  /** Rejects with the config thread's error when the load could not be done at all. */
  reload(): Promise<ReloadOutcome> {
    if (this.#running === undefined) {
      this.#running = this.#once().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.reload();
      });
    return this.#next;
  }

  /** No plan is applied from now on; the load under way comes to nothing. */
  stop(): void {
    this.#stopped = true;
  }

  /** Like `reload`, for callers that have nobody to tell: the error goes to the log. */
  reloadQuietly(): void {
    this.reload().catch((error: unknown) => this.#complain(error));
  }

  /** Like `reloadQuietly`, for somebody who asked by a signal and reads the answer in the log: that nothing changed is said too. */
  reloadForSignal(): void {
    const before = this.#changes;
    this.reload()
      .then(({ plan }) => {
        if (this.#changes !== before) return;
        this.#options.log.info('configuration unchanged', {
          kept: plan.kept,
          bad_files: plan.badFiles.length,
          took_ms: Math.round(plan.tookMs),
        });
      })
      .catch((error: unknown) => this.#complain(error));
  }

  #complain(error: unknown): void {
    if (this.#stopped) return;
    const { code, message } = plainError(error, 'OPSBRO_CONFIG_UNREADABLE');
    this.#options.log.error('the configuration could not be loaded; the running one stays', {
      code,
      reason: message,
    });
  }

  async #once(): Promise<ReloadOutcome> {
    this.#options.onBusy?.(true);
    try {
      const plan = await this.#options.load(this.#options.running());
      if (this.#stopped) throw new OpsbroError('OPSBRO_AGENT_BUSY', 'the agent is stopping');
      if (plan.agent !== null) this.#options.onSettings(plan.agent);
      await this.#options.apply(plan);
      const { generation, tookMs, fileCount, badFiles, diagnostics } = plan;
      this.#status = { generation, loadedAt: this.#options.now(), tookMs, fileCount, badFiles, diagnostics };
      this.#report(plan);
      return { plan, ok: !diagnostics.some(({ severity }) => severity === 'error') };
    } finally {
      this.#options.onBusy?.(false);
    }
  }

  #report(plan: ConfigPlan): void {
    const { log } = this.#options;
    const current = new Set<string>();
    for (const { severity, code, message, place } of plan.diagnostics) {
      const text = `${place.file}:${place.line}:${place.column}: ${message}`;
      current.add(text);
      if (this.#reported.has(text)) continue;
      if (severity === 'error') log.error(text, { code });
      else log.warn(text, { code });
    }
    this.#reported = current;
    const { start, restart, stop, kept } = plan;
    const hasNewSettings = this.#hasNewSettings(plan.agent);
    if (start.length + restart.length + stop.length === 0 && !hasNewSettings) return;
    this.#changes += 1;
    log.info('configuration loaded', {
      started: start.length,
      restarted: restart.length,
      stopped: stop.length,
      kept,
      took_ms: Math.round(plan.tookMs),
    });
  }
  /** Settings that a bad agent.yml leaves as they are (null) are not new. */
  #hasNewSettings(settings: AgentSettings | null): boolean {
    const text = settings === null ? this.#settings : JSON.stringify(settings);
    const isNew = text !== this.#settings;
    this.#settings = text;
    return isNew;
  }
}
