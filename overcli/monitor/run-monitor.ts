import { Client } from '../client.ts';
import { deliver } from '../deliver.ts';
import type { Endpoint } from '../endpoint.ts';
import { Failure } from '../failure.ts';
import type { Log } from '../log.ts';
import type { ReportQueue } from '../queue/report-queue.ts';
import { statusReport } from '../report.ts';
import { batches, FileMonitor, type MonitorDeps } from './file-monitor.ts';
import { Monitors, readMonitors } from './monitors.ts';

/** How `overcli monitor` was asked to run. */
export interface MonitorRequest {
  paths: string[];
  once: boolean;
  dryRun: boolean;
}

/** What it needs of the process. */
export interface MonitorHost {
  log: Log;
  print(text: string): void;
  queueOf(endpoint: Endpoint): ReportQueue;
  /** Resolves once the process is told to end. */
  ended: Promise<unknown>;
  /** Is given what to do when the process is told to reload. */
  onReload(reload: () => void): void;
}

/** Runs `overcli monitor`. Throws the failure it ends with. */
export async function runMonitor(request: MonitorRequest, host: MonitorHost): Promise<void> {
  const client = new Client(host.log);
  const deps: MonitorDeps = {
    client,
    log: host.log,
    queueOf: host.queueOf,
    clock: () => performance.now(),
  };
  try {
    if (request.dryRun) await dryRun(request.paths, deps, host);
    else if (request.once) await runOnce(request.paths, deps);
    else await new Monitors(request.paths, deps).watch(host.ended, host.onReload);
  } finally {
    client.close();
  }
}

async function dryRun(paths: string[], deps: MonitorDeps, { print }: MonitorHost): Promise<void> {
  for (const { path, config } of readMonitors(paths, deps)) {
    print(`${path}: to ${config.endpoint.origin} as ${config.endpoint.name}, every so many seconds\n`);
    const states = await new FileMonitor(config, deps).runOnce();
    for (const [index, { name, state, info }] of states.entries())
      print(`${state.padEnd(5)}${name}, ${config.services[index]?.periodS}: ${info}\n`);
  }
}

/** One report a file, and no ping: from cron, what a server misses now it gets later. */
async function runOnce(paths: string[], deps: MonitorDeps): Promise<void> {
  const problems: Failure[] = [];
  for (const { config } of readMonitors(paths, deps)) {
    const monitor = new FileMonitor(config, deps);
    const period = Math.max(...config.services.map(({ periodS }) => periodS));
    for (const states of batches(await monitor.runOnce()))
      await deliver(monitor.delivery(), statusReport(period, states)).catch((error: unknown) => {
        if (!(error instanceof Failure)) throw error;
        problems.push(error);
      });
  }
  if (problems[0] !== undefined)
    throw new Failure(problems[0].code, problems.map(({ message }) => message).join('; '));
}
