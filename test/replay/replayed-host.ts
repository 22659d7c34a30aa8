import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Loaded } from '../../configuration/offline.ts';
import { Configuration } from '../../configuration/offline.ts';
import { systemClock } from '../../core/clock.ts';
import { compileCheck, compileDetector, compileValue } from '../../language/compile.ts';
import type { ReplayRequest, ReplaysView } from '../../replay/model.ts';
import { replay, StoredHistory } from '../../replay/replay.ts';
import { packageRoot } from '../bench/agent.ts';
import { WhisperFolder, type WrittenSeries } from '../graphite/whisper-folder.ts';

const retentions = '10s:6h,1m:7d,10m:1y';

/** A value for each moment, seconds; null where there was none. */
export type ValueAt = (time: number) => number | null;

/** A host of which only what it stored and its configuration are there. */
export class ReplayedHost {
  readonly folder = mkdtempSync(join(tmpdir(), 'opsbro-replay-'));
  readonly store = join(this.folder, 'metrics');
  /** The moment it is, seconds. */
  readonly now: number;
  readonly #whisper = new WhisperFolder(join(this.store, 'whisper'));

  constructor(now: number) {
    this.now = now;
    mkdirSync(join(this.store, 'values'), { recursive: true });
    mkdirSync(join(this.folder, 'config.d'));
  }

  /** Writes the last `span` seconds of a series of the node `host`. */
  series(name: string, span: number, valueAt: ValueAt, more: Partial<WrittenSeries> = {}): void {
    const series = { retentions, aggregation: 'average' as const, step: 10, span, ...more };
    this.#whisper.write(`host.${name}`, { ...series, valueAt: (_, time) => valueAt(time) }, this.now);
  }

  /** Writes what is kept of a collector beside numbers. */
  values(collector: string, lines: object[]): void {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    writeFileSync(join(this.store, 'values', `${collector}.jsonl`), text);
  }

  write(path: string, text: string): void {
    const file = join(this.folder, 'config.d', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  read(): Loaded {
    const configuration = new Configuration({ compileCheck, compileDetector, compileValue }, null);
    return configuration.read({
      config: [join(this.folder, 'config.d')],
      plugins: { manifests: join(packageRoot, 'plugins'), modules: join(packageRoot, 'dist', 'plugins') },
      locks: [],
    });
  }

  /** Replays checks over the last `span` seconds. */
  async replay(
    ids: string[],
    span: number,
    more: Partial<ReplayRequest> & { progress?: (share: number) => void } = {},
  ): Promise<ReplaysView> {
    const { objects, diagnostics } = this.read();
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    if (errors.length > 0) throw new Error(JSON.stringify(errors));
    const { progress = () => {}, ...given } = more;
    const request: ReplayRequest = {
      configuration: {
        checks: objects.filter((object) => object.kind === 'check'),
        collectors: objects.filter((object) => object.kind === 'collector'),
        handlers: objects.filter((object) => object.kind === 'handler'),
        entries: objects.filter((object) => object.kind === 'downtime' || object.kind === 'silence'),
      },
      ids,
      since: (this.now - span) * 1000,
      until: this.now * 1000,
      now: this.now * 1000,
      node: { name: 'host', uuid: '0'.repeat(40), zone: 'internet' },
      groups: [],
      staticGroups: [],
      downtimes: [],
      recorded: new Map(),
      ...given,
    };
    return replay(request, { history: new StoredHistory(this.store), clock: systemClock, progress });
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
