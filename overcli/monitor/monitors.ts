import { deliver } from '../deliver.ts';
import { Failure, isFailure, messageOf } from '../failure.ts';
import { alertReport } from '../report.ts';
import { type MonitorConfig, readMonitorConfig } from './config.ts';
import { FileMonitor, type MonitorDeps } from './file-monitor.ts';
import { fingerprintOf, monitorFiles } from './files.ts';

const lookEachMs = 1000;
const pingAgainMs = 30_000;

interface Watched {
  monitor: FileMonitor;
  fingerprint: string | undefined;
}

/** All files that one `overcli monitor` watches; files that change, come and go take effect within a second or two. */
export class Monitors {
  readonly #paths: readonly string[];
  readonly #deps: MonitorDeps;
  readonly #watched = new Map<string, Watched>();
  /** Complaints that were made, by file, so that each is made once. */
  readonly #complaints = new Map<string, string>();
  #fail: (error: unknown) => void = () => {};
  #stopped = false;

  constructor(paths: readonly string[], deps: MonitorDeps) {
    this.#paths = paths;
    this.#deps = deps;
  }

  /**
   * Watches until `ended` resolves. Ends with a failure when no file can be read, when no server answers the first ping, and when something is
   * wrong with the program itself, which is also sent as an alert. `reload` is given a function that looks at the files at once.
   */
  async watch(ended: Promise<unknown>, reload: (now: () => void) => void = () => {}): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    failed.catch(() => {});
    await this.#start();
    const timer = setInterval(() => this.#look(), lookEachMs);
    reload(() => this.#look());
    try {
      await Promise.race([ended, failed]);
    } finally {
      clearInterval(timer);
      this.#stopped = true;
      await Promise.all([...this.#watched.values()].map(({ monitor }) => monitor.stop()));
    }
  }

  /** With one file its ping decides; with several, those that answer are watched, and the others asked again. */
  async #start(): Promise<void> {
    const configs = readMonitors(this.#paths, this.#deps);
    const entries = configs.map(({ path, config, fingerprint }) => {
      const monitor = new FileMonitor(config, this.#deps);
      this.#watched.set(path, { monitor, fingerprint });
      return { path, monitor };
    });
    const pings = await Promise.allSettled(entries.map(({ monitor }) => monitor.ping()));
    const refusals = pings.flatMap((ping) => (ping.status === 'rejected' ? [ping.reason] : []));
    if (refusals.length === entries.length) throw refusals[0];
    for (const [index, { path, monitor }] of entries.entries()) {
      const ping = pings[index];
      if (ping?.status === 'rejected') this.#askAgain(path, monitor, ping.reason);
      else this.#run(monitor);
    }
  }

  #run(monitor: FileMonitor): void {
    monitor.watch().catch((error: unknown) => this.#die(error, monitor));
  }

  /** Something is wrong with the program itself: the server is told, then all ends. */
  async #die(error: unknown, monitor = [...this.#watched.values()][0]?.monitor): Promise<void> {
    const { name } = error instanceof Error ? error : { name: typeof error };
    const report = alertReport(`Monitoring failure: ${name}: ${messageOf(error)}`);
    if (monitor !== undefined)
      await deliver(monitor.delivery(), report).catch((problem: unknown) =>
        this.#deps.log.warn(messageOf(problem)),
      );
    this.#fail(error);
  }

  /** A file that came later, or whose server did not answer: it never ends the others. */
  #askAgain(path: string, monitor: FileMonitor, problem: unknown): void {
    this.#complain(path, messageOf(problem));
    const ask = (): void => {
      if (this.#stopped || this.#watched.get(path)?.monitor !== monitor) return;
      monitor.ping().then(
        () => this.#run(monitor),
        () => setTimeout(ask, pingAgainMs).unref(),
      );
    };
    setTimeout(ask, pingAgainMs).unref();
  }

  #look(): void {
    try {
      const files = monitorFiles(this.#paths);
      for (const path of [...this.#watched.keys()]) if (!files.includes(path)) this.#remove(path);
      for (const path of files) this.#refresh(path);
      this.#complaints.delete('');
    } catch (error) {
      // A path that is gone for a moment, as while a package is upgraded, ends nothing.
      if (!isFailure(error, 'config')) void this.#die(error);
      else this.#complain('', `${error.message}; what it said last goes on`);
    }
  }

  #remove(path: string): void {
    this.#deps.log.warn(`${path} is gone; its services are no longer watched`);
    const watched = this.#watched.get(path);
    this.#watched.delete(path);
    watched?.monitor.stop().catch((error: unknown) => this.#die(error));
  }

  #refresh(path: string): void {
    const watched = this.#watched.get(path);
    const fingerprint = fingerprintOf(path);
    if (fingerprint === undefined || fingerprint === watched?.fingerprint) return;
    const config = this.#read(path, fingerprint);
    if (config === undefined) return;
    this.#complaints.delete(path);
    this.#deps.log.info(`read ${path}`);
    if (watched !== undefined) {
      watched.fingerprint = fingerprint;
      watched.monitor.update(config);
      return;
    }
    const monitor = new FileMonitor(config, this.#deps);
    this.#watched.set(path, { monitor, fingerprint });
    monitor.ping().then(
      () => this.#run(monitor),
      (problem: unknown) => this.#askAgain(path, monitor, problem),
    );
  }

  #read(path: string, fingerprint: string): MonitorConfig | undefined {
    try {
      const config = readMonitorConfig(path);
      for (const warning of config.warnings) this.#deps.log.warn(warning);
      return config;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const last = this.#watched.has(path) ? '; its last good version goes on' : '';
      this.#complain(path, `${error.message}${last}`, fingerprint);
      return undefined;
    }
  }

  #complain(about: string, text: string, version = ''): void {
    const complaint = `${version} ${text}`;
    if (this.#complaints.get(about) === complaint) return;
    this.#complaints.set(about, complaint);
    this.#deps.log.warn(text);
  }
}

/** Reads all files that paths name. Throws a `config` failure for the first that is wrong, and when there is none. */
export function readMonitors(
  paths: readonly string[],
  { log }: Pick<MonitorDeps, 'log'>,
): { path: string; config: MonitorConfig; fingerprint: string | undefined }[] {
  const files = monitorFiles(paths);
  if (files.length === 0) throw new Failure('config', `there is no monitor*.ini in ${paths.join(', ')}`);
  return files.map((path) => {
    const fingerprint = fingerprintOf(path);
    const config = readMonitorConfig(path);
    for (const warning of config.warnings) log.warn(warning);
    return { path, config, fingerprint };
  });
}
