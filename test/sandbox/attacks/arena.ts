import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject, Manifest } from 'opsbro/sdk';
import { systemClock } from '../../../core/clock.ts';
import { ExecClient } from '../../../exec/exec-client.ts';
import { bundleText, digestText } from '../../../sandbox/bundle.ts';
import { SandboxPool } from '../../../sandbox/engine/pool.ts';
import { createErrands } from '../../../sandbox/grants/errands.ts';
import { Keys } from '../../../sandbox/grants/keys.ts';
import { readLimits } from '../../../sandbox/limits.ts';
import type { ErrandRunner } from '../../../sandbox/model.ts';
import { openStore, type Store } from '../../../store/level.ts';
import type { JobResult } from '../../../threads/protocol.ts';
import { type Attack, attackCode } from './attack.ts';
import { Ground } from './ground.ts';

const neighbourCode = `let runs = 0; const hidden = 'neighbour'; globalThis.opsbroPlugin = { async collect(ctx) {
  ctx.state.runs = (ctx.state.runs ?? 0) + 1; await 0;
  return { runs: ctx.state.runs, keys: Object.keys({}).length, sum: [1, 2, 3].map((x) => x * 2).join(), json: JSON.stringify({ a: 1 }), secret: ctx.options.secret };
} };`;

/** A sandbox in which attacks run beside two neighbours, one in each of the threads that plugins share. */
export class Arena {
  readonly ground = new Ground();
  readonly quarantined: string[] = [];
  readonly pool: SandboxPool;
  readonly #states = new Map<string, JsonObject>();
  readonly #commands = new ExecClient({ dataDirectory: this.ground.dir, clock: systemClock });
  #store: Store | undefined;
  #errands: ErrandRunner = async () => {
    throw new Error('the arena is not open');
  };
  #serial = 0;

  constructor() {
    this.pool = new SandboxPool({
      threadData: {
        hostProc: '/proc',
        hostSys: '/sys',
        hostRoot: '/',
        environment: { PATH: '/usr/bin', SECRET_TOKEN: 'top', ALLOWED_ONE: 'yes' },
      },
      clock: systemClock,
      errand: (...errand) => this.#errands(...errand),
      onRepeated: (plugin) => this.quarantined.push(plugin),
    });
  }

  async open(): Promise<void> {
    await this.ground.open();
    this.#store = await openStore(join(this.ground.dir, 'store'));
    this.#errands = createErrands(this.#commands, new Keys(this.#store));
    await this.neighbours();
  }

  async close(): Promise<void> {
    await this.pool.close(1000);
    await this.#commands.stop();
    await this.#store?.close();
    this.ground.close();
  }

  /** Runs an attack once, as a plugin of its own, which is gone afterwards. */
  async attack(attack: Attack): Promise<JobResult> {
    this.#serial += 1;
    const filled = JSON.parse(this.ground.fill(JSON.stringify(attack))) as Attack;
    const { limits, options, permissions, timeoutMs } = filled;
    const name = `attack-${this.#serial}`;
    const rights = { limits: { cpu: '50ms', ...limits }, permissions };
    const result = await this.#run(name, attackCode(filled), rights, options ?? {}, timeoutMs ?? 5000);
    this.pool.invalidate(`collector/${name}`);
    this.#states.delete(`collector/${name}`);
    return result;
  }

  /** What the neighbours answer now; each counts its own runs in its state. */
  async neighbours(): Promise<(string | JsonObject)[]> {
    const all = ['first', 'second'].map(async (name) => {
      const result = await this.#run(`neighbour-${name}`, neighbourCode, {}, { secret: name }, 5000);
      if (result.status === 'done') return result.value as JsonObject;
      return result.status === 'failed' ? `${result.error.code}: ${result.error.message}` : result.status;
    });
    return Promise.all(all);
  }

  /** Runs version `number` of one plugin, which answers its number. */
  async version(number: number): Promise<unknown> {
    const code = `const number = ${number}; globalThis.opsbroPlugin = { async collect() { return { number }; } };`;
    this.pool.invalidate('collector/versioned');
    const result = await this.#run('versioned', code, {}, {}, 5000);
    return result.status === 'done' ? (result.value as JsonObject).number : result;
  }

  async #run(
    name: string,
    code: string,
    rights: Pick<Manifest, 'limits' | 'permissions'>,
    options: JsonObject,
    timeoutMs: number,
  ): Promise<JobResult> {
    const plugin = `collector/${name}`;
    const manifest: Manifest = {
      api: 1,
      kind: 'collector',
      name,
      summary: 'A plugin of this test.',
      ...rights,
    };
    const text = bundleText({ format: 1, manifest, code, map: '' });
    const bundle = join(this.ground.dir, `${name}.json`);
    writeFileSync(bundle, text);
    const result = await this.pool.run({
      type: 'collect',
      plugin,
      module: '',
      object: `test/${plugin}`,
      name,
      options,
      state: this.#states.get(plugin) ?? {},
      timeoutMs,
      sandbox: {
        bundle,
        digest: digestText(text),
        permissions: rights.permissions ?? {},
        limits: readLimits(rights.limits),
      },
    });
    if (result.status === 'done' && result.state !== null) this.#states.set(plugin, result.state);
    return result;
  }
}
