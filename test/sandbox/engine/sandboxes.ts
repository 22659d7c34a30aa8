import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json, Manifest } from 'opsbro/sdk';
import { systemClock, type TimerClock } from '../../../core/clock.ts';
import { type Bundle, bundleText, digestText } from '../../../sandbox/bundle.ts';
import { SandboxPool } from '../../../sandbox/engine/pool.ts';
import { defaultLimits } from '../../../sandbox/limits.ts';
import type { ErrandRunner, PluginLimits } from '../../../sandbox/model.ts';
import type { Job, JobResult } from '../../../threads/protocol.ts';

/** What a test changes of an ordinary job. */
export type JobChange = Omit<Partial<Job>, 'sandbox'> & { limits?: Partial<PluginLimits>; env?: string[] };

/** A real pool with real threads, whose host knows a few paths, and plugins that a test writes in place. */
export class Sandboxes {
  readonly folder = mkdtempSync(join(tmpdir(), 'opsbro-sandbox-'));
  readonly quarantined: [string, string][] = [];
  readonly errands: unknown[] = [];
  readonly pool: SandboxPool;
  #answer: ErrandRunner = () => Promise.resolve('an answer');

  constructor(clock: TimerClock = systemClock) {
    this.pool = new SandboxPool({
      threadData: {
        hostProc: '/proc',
        hostSys: '/sys',
        hostRoot: '/',
        environment: { SHOWN_HOME: '/srv', SECRET: 'hidden' },
      },
      clock,
      errand: (plugin, errand, signal) => {
        this.errands.push([plugin, errand]);
        return this.#answer(plugin, errand, signal);
      },
      onRepeated: (plugin, reason) => this.quarantined.push([plugin, reason]),
      entry: fileURLToPath(new URL('../../fixtures/sandbox/thread.js', import.meta.url)),
    });
  }

  answerErrands(answer: ErrandRunner): void {
    this.#answer = answer;
  }

  /** A job of a collector `one` whose default export is this expression. */
  job(plugin: string, change: JobChange = {}, map = ''): Job {
    const { limits, env, ...rest } = change;
    const bundle: Bundle = {
      format: 1,
      manifest: { api: 1, kind: 'collector', name: 'one', summary: 'A test.' } as Manifest,
      code: plugin.startsWith('//script') ? plugin : `var opsbroPlugin = ${plugin};`,
      map,
    };
    const text = bundleText(bundle);
    const digest = digestText(text);
    const path = join(this.folder, digest);
    writeFileSync(path, text);
    return {
      type: 'collect',
      plugin: 'collector/one',
      module: '',
      object: 'test/collector/one',
      name: 'one',
      options: {},
      state: {},
      timeoutMs: 20_000,
      ...rest,
      sandbox: {
        bundle: path,
        digest,
        permissions: env === undefined ? {} : { env },
        limits: { ...defaultLimits, ...limits },
      },
    };
  }

  /** Runs a collector whose verb has this body. */
  collect(body: string, change: JobChange = {}): Promise<JobResult> {
    return this.pool.run(this.job(`{ async collect(ctx) { ${body} } }`, change));
  }

  /** What it yields, or its error. */
  async yields(body: string, change: JobChange = {}): Promise<Json> {
    return outcome(await this.collect(body, change));
  }

  async close(): Promise<void> {
    await this.pool.close(0);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The value of a result, or the code of its error. */
export function outcome(result: JobResult): Json {
  if (result.status === 'done') return result.value;
  return result.status === 'failed' ? result.error.code : `not eligible: ${result.reason}`;
}
