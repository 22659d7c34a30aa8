import type { CrashJournal } from '../../store/crash-journal.ts';
import type { Job, JobResult } from '../../threads/protocol.ts';
import type { JobRunner } from '../host/deps.ts';
import type { Quarantine } from './quarantine.ts';

/**
 * Runs jobs of whatever kind under the eyes of the crash journal: a quarantined plugin's are refused, a suspect's run one at a time, and the
 * journal names the plugins whose code a thread runs at this moment. Jobs that wait are not in it.
 */
export class JournaledPool implements JobRunner {
  readonly #journal: CrashJournal;
  readonly #quarantine: Quarantine;
  readonly #begun = new Set<Job>();
  #pool: JobRunner | undefined;

  constructor(journal: CrashJournal, quarantine: Quarantine) {
    this.#journal = journal;
    this.#quarantine = quarantine;
  }

  /** The pool that runs the jobs; it must call `began` when a thread takes one. */
  use(pool: JobRunner): void {
    this.#pool = pool;
  }

  began(job: Job): void {
    if (this.#begun.has(job)) return;
    this.#begun.add(job);
    this.#journal.enter(job.plugin);
  }

  async run(job: Job): Promise<JobResult> {
    const kept = this.#quarantine.get(job.plugin);
    if (kept !== undefined) return refusal(job, kept.reason);
    if (!this.#quarantine.isSuspect(job.plugin)) return (await this.#perform(job)).value;
    return this.#quarantine.inTurn(job.plugin, () => this.#perform(job));
  }

  /** A job that no thread took proves nothing for its plugin. */
  async #perform(job: Job): Promise<{ value: JobResult; survived: boolean }> {
    if (this.#pool === undefined) throw new Error('a pool is set before any job runs');
    try {
      const value = await this.#pool.run(job);
      return { value, survived: this.#begun.has(job) };
    } finally {
      if (this.#begun.delete(job)) this.#journal.leave(job.plugin);
    }
  }
}

function refusal({ plugin }: Job, reason: string): JobResult {
  return {
    status: 'failed',
    error: { code: 'OPSBRO_PLUGIN_QUARANTINED', message: `${plugin} is quarantined: ${reason}` },
    logs: [],
    logsDropped: 0,
    heapUsedBytes: 0,
    heapLimitBytes: 0,
    durationMs: 0,
  };
}
