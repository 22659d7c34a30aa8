import { SandboxPool } from '../sandbox/engine/pool.ts';
import type { ErrandRunner } from '../sandbox/model.ts';
import { createJobPool, type JobPool } from '../threads/pool/job-pool.ts';
import type { Job, JobResult, ThreadData } from '../threads/protocol.ts';
import type { TimerClock } from './clock.ts';
import type { HostLog, JobRunner } from './host/deps.ts';
import type { Quarantine } from './quarantine/quarantine.ts';

/** What the pools are made of. */
export interface PoolsParts {
  threadData: ThreadData;
  clock: TimerClock;
  log: HostLog;
  quarantine: Quarantine;
  /** A job got its thread. */
  began(job: Job): void;
  errand: ErrandRunner;
}

/** Everything that runs jobs: the pool of our own and trusted code, and that of sandboxes, which has no thread before it has a job. */
export class Pools implements JobRunner {
  readonly jobs: JobPool;
  readonly sandboxes: SandboxPool;

  constructor({ threadData, clock, log, quarantine, began, errand }: PoolsParts) {
    this.jobs = createJobPool({
      threadData,
      clock,
      errand,
      onStart: began,
      onLateError: (plugin, { code, message }) =>
        log.warn('a plugin threw after its run', { plugin, code, reason: message }),
    });
    this.sandboxes = new SandboxPool({
      threadData,
      clock,
      errand,
      onStart: began,
      onRepeated(plugin, reason) {
        log.error('quarantined; release it with opsbro plugins release', { plugin, reason });
        void quarantine.add(plugin, reason, clock.now());
      },
    });
  }

  /** Threads by what they are for. */
  threads(): { job: number; penalty: number; sandbox: number } {
    return { ...this.jobs.size(), sandbox: this.sandboxes.size };
  }

  run(job: Job): Promise<JobResult> {
    return job.sandbox === undefined ? this.jobs.run(job) : this.sandboxes.run(job);
  }

  invalidate(plugin: string): void {
    this.jobs.invalidate(plugin);
    this.sandboxes.invalidate(plugin);
  }

  async close(deadlineMs: number): Promise<void> {
    await Promise.all([this.jobs.close(deadlineMs), this.sandboxes.close(deadlineMs)]);
  }
}
