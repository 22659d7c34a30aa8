import type { Job, JobResult } from '../threads/protocol.ts';
import type { JobRunner } from './deps.ts';
import type { CrashJournal } from './journal.ts';

/** Runs jobs and writes in the crash journal which plugins' code a thread runs at this moment; jobs that wait are not in it. */
export class JournaledPool implements JobRunner {
  readonly #journal: CrashJournal;
  readonly #begun = new Set<Job>();
  #pool: JobRunner | undefined;

  constructor(journal: CrashJournal) {
    this.#journal = journal;
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
    if (this.#pool === undefined) throw new Error('a pool is set before any job runs');
    try {
      return await this.#pool.run(job);
    } finally {
      if (this.#begun.delete(job)) this.#journal.leave(job.plugin);
    }
  }
}
