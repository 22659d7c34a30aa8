import type { Client } from '../client.ts';
import { type Delivery, post } from '../deliver.ts';
import type { Log } from '../log.ts';
import type { ReportQueue } from '../queue/report-queue.ts';
import { type ServiceState, statusReport } from '../report.ts';
import { runCommand } from './command.ts';
import type { MonitorConfig, MonitoredService } from './config.ts';
import { Places } from './places.ts';
import { ReportStream } from './report-stream.ts';
import { type Member, newMember, runRound } from './round.ts';
import { nextRoundInMs, roundOf } from './schedule.ts';

/** Commands of one file that run at a time. */
const maxCommands = 32;
const longestSleepMs = 3_600_000;
/** Of one request, so that no server finds it too long. */
const maxInfoLength = 256 * 1024;
const closeWithinMs = 3000;

/** What a monitor works with. */
export interface MonitorDeps {
  client: Client;
  log: Log;
  queueOf(endpoint: MonitorConfig['endpoint']): ReportQueue;
  /** Monotonic milliseconds. */
  clock(): number;
}

/** Watches the services of one file, for ever or once. */
export class FileMonitor {
  readonly #deps: MonitorDeps;
  readonly #stop = new AbortController();
  readonly #places = new Places(maxCommands);
  readonly #stream: ReportStream;
  #config: MonitorConfig;
  #members: Member[];
  #wake: () => void = () => {};

  constructor(config: MonitorConfig, deps: MonitorDeps) {
    this.#deps = deps;
    this.#config = config;
    this.#members = config.services.map(newMember);
    this.#stream = new ReportStream(() => this.delivery());
  }

  /** How its reports go out. */
  delivery(): Delivery {
    const { client, log, queueOf } = this.#deps;
    const { endpoint } = this.#config;
    return { endpoint, client, queue: queueOf(endpoint), log };
  }

  /** Asks the server whether it is there and takes the key; throws what says no. */
  ping(): Promise<void> {
    return post(this.delivery(), '/api/ping', {});
  }

  /** Runs every service once; the states, in the order of the file. */
  async runOnce(): Promise<ServiceState[]> {
    return Promise.all(this.#config.services.map((service) => this.#run(service)));
  }

  /** Watches until `stop`. Rejects only when something is wrong with the program itself. */
  async watch(): Promise<void> {
    const { clock } = this.#deps;
    let fail: (error: unknown) => void = () => {};
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    failed.catch(() => {});
    while (!this.#stop.signal.aborted) {
      const timings = this.#members.map(({ timing }) => timing);
      await Promise.race([this.#sleep(nextRoundInMs(timings, clock()) ?? longestSleepMs), failed]);
      if (this.#stop.signal.aborted) break;
      const members = roundOf(this.#members, clock());
      if (members.length > 0) runRound(members, this.#round()).then(() => this.#wake(), fail);
    }
  }

  /** Takes a changed file: services that did not change keep their time, others run at once. */
  update(config: MonitorConfig): void {
    const sameServer = JSON.stringify(config.endpoint) === JSON.stringify(this.#config.endpoint);
    const sameDirectory = config.directory === this.#config.directory;
    const old = new Map(this.#members.map((member) => [JSON.stringify(member.service), member]));
    this.#config = config;
    this.#members = config.services.map((service) => {
      const kept = sameServer && sameDirectory ? old.get(JSON.stringify(service)) : undefined;
      return kept ?? newMember(service);
    });
    this.#wake();
  }

  /** Kills what runs, and sends or queues what is not sent yet. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#stream.close(closeWithinMs);
  }

  #run(service: MonitoredService): Promise<ServiceState> {
    const { log } = this.#deps;
    const { directory } = this.#config;
    return this.#places.use(async () => {
      const state = await runCommand(service, directory, this.#stop.signal);
      log.debug(`${service.name}: ${state.state} ${state.info}`);
      return state;
    });
  }

  #round(): Parameters<typeof runRound>[1] {
    return {
      run: (service) => this.#run(service),
      clock: this.#deps.clock,
      isCurrent: (member) => !this.#stop.signal.aborted && this.#members.includes(member),
      report: (periodS, states) => {
        for (const batch of batches(states)) this.#stream.push(statusReport(periodS, batch));
        // Whoever was reported apart from slower ones is due again before they are.
        this.#wake();
      },
    };
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, longestSleepMs));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** The states in requests that no server finds too long. */
export function batches(states: readonly ServiceState[]): ServiceState[][] {
  const found: ServiceState[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const state of states) {
    length += state.info.length;
    if (length > maxInfoLength) {
      found.push([]);
      length = state.info.length;
    }
    found.at(-1)?.push(state);
  }
  return found;
}
