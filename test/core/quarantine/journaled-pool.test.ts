import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { JournaledPool } from '../../../core/quarantine/journaled-pool.ts';
import { Quarantine } from '../../../core/quarantine/quarantine.ts';
import { CrashJournal, readCrashJournal } from '../../../store/crash-journal.ts';
import type { Job, JobResult } from '../../../threads/protocol.ts';
import { scratchDirectory } from '../../scratch.ts';
import { done, failed } from '../host/host-bench.ts';

function job(plugin: string, type: Job['type'] = 'collect'): Job {
  return {
    type,
    plugin,
    module: '/x.js',
    object: plugin,
    name: 'x',
    options: {},
    state: {},
    timeoutMs: 1000,
  };
}

interface Run {
  job: Job;
  end(result: JobResult): void;
}

function pool() {
  const path = join(scratchDirectory(), 'journal');
  const quarantine = new Quarantine({ put: async () => undefined });
  const subject = new JournaledPool(new CrashJournal(path), quarantine);
  const runs: Run[] = [];
  subject.use({
    run: (taken) =>
      new Promise((resolve) => {
        runs.push({ job: taken, end: resolve });
      }),
  });
  return { subject, quarantine, runs, named: () => readCrashJournal(path) };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('journaled pool', () => {
  it('names a plugin from the moment a thread takes its job to the end of the run', async () => {
    const { subject, runs, named } = pool();
    const first = job('collector/a');
    const ended = subject.run(first);
    expect(named()).toEqual([]);
    subject.began(first);
    subject.began(first);
    expect(named()).toEqual(['collector/a']);
    runs[0]?.end(done(1));
    expect((await ended).status).toBe('done');
    expect(named()).toEqual([]);
  });

  it.each(['collect', 'handle', 'call', 'export'] as const)(
    'refuses to %s with a quarantined plugin and says why',
    async (type) => {
      const { subject, quarantine, runs } = pool();
      await quarantine.add('x/bad', 'the agent died while it ran', 1);
      const result = await subject.run(job('x/bad', type));
      expect(result).toMatchObject({
        status: 'failed',
        error: {
          code: 'OPSBRO_PLUGIN_QUARANTINED',
          message: 'x/bad is quarantined: the agent died while it ran',
        },
      });
      expect(runs).toEqual([]);
    },
  );

  it('runs suspects one at a time, beside everything else, and clears each that the agent survives', async () => {
    const { subject, quarantine, runs } = pool();
    await quarantine.accuse(['collector/a', 'handler/b'], 'abort', 1);
    const suspects = [job('collector/a'), job('handler/b', 'handle')];
    const ended = [...suspects, job('collector/c')].map((each) => subject.run(each));
    await turn();
    expect(runs.map(({ job: { plugin } }) => plugin).sort()).toEqual(['collector/a', 'collector/c']);
    for (const plugin of ['collector/a', 'handler/b']) {
      const run = runs.find((each) => each.job.plugin === plugin);
      subject.began(run?.job as Job);
      run?.end(failed('OPSBRO_PLUGIN_FAILED'));
      await turn();
      expect(quarantine.isSuspect(plugin)).toBe(false);
    }
    runs.find((each) => each.job.plugin === 'collector/c')?.end(done(1));
    await Promise.all(ended);
  });

  it('does not clear a suspect whose job no thread took', async () => {
    const { subject, quarantine, runs } = pool();
    await quarantine.accuse(['collector/a', 'collector/b'], 'abort', 1);
    const ended = subject.run(job('collector/a'));
    await turn();
    runs[0]?.end(failed('OPSBRO_AGENT_BUSY'));
    await ended;
    expect(quarantine.isSuspect('collector/a')).toBe(true);
  });
});
