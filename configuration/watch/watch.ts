import { closeSync, openSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { TimerClock } from '../../core/clock.ts';

/** What watches the disk: chokidar in the program, a recorder in tests. `onEvent` gets the path, `onRefused` why something is not watched. */
export type StartWatching = (
  directories: readonly string[],
  onEvent: (path: string) => void,
  onRefused: (error: Error) => void,
) => Promise<{ close(): Promise<void> }>;

/** What a watch is made with. */
export interface ConfigWatchOptions {
  /** Absolute paths. They may not exist yet. */
  directories: readonly string[];
  /** Files elsewhere that a load reads as well; they may not exist yet either, and that one begins to exist only a `rescan` may tell. */
  files?: readonly string[];
  clock: TimerClock;
  /** Called at the first event of a burst, at once: time to warm the configuration thread. */
  onHint(): void;
  /** Called once a burst is over: something changed, or may have. */
  onChange(): void;
  /** Called when the kernel does not watch, with why and what helps: once, until it does again. */
  onBlind?(reason: string): void;
  startWatching?: StartWatching;
}

/** What a look found. `files`: names, sizes and times, which tell without reading them that one changed; `folders`: which ones there are. */
interface Look {
  files: string;
  folders: string;
}

const maxEntries = 20_000;
const maxDepth = 16;
const quietMs = 50;
const longestMs = 500;
const lookAgainMs = 300;
/** How often who cannot watch looks. */
const blindMs = 5000;

/**
 * Tells when configuration may have changed. An event only means "look again": bursts are gathered (50 ms of quiet, 500 ms at most).
 * `rescan`, called once a minute by its owner and a moment after each change, notices what the kernel did not tell (network file systems, lost
 * events) and watches again where a folder was replaced, of which no event ever comes, or is new.
 */
export class ConfigWatch {
  private readonly options: Required<ConfigWatchOptions>;
  private watcher: Promise<{ close(): Promise<void> } | undefined> = Promise.resolve(undefined);
  private cancelQuiet: (() => void) | undefined;
  private cancelLook: (() => void) | undefined;
  private cancelBlind: (() => void) | undefined;
  private blind = false;
  private hasTold = false;
  private burstStart: number | undefined;
  private seen: Promise<Look> = Promise.resolve({ files: '', folders: '' });
  /** The folders that were there when watching began last. */
  private watched = '';
  private stopped = true;

  constructor(options: ConfigWatchOptions) {
    this.options = { startWatching: watchWithChokidar, files: [], onBlind: () => {}, ...options };
  }

  /** Starts watching; what cannot be watched is looked at every five seconds. Resolves when changes from now on are seen. Never rejects. */
  async start(): Promise<void> {
    this.stopped = false;
    this.seen = this.look();
    this.watched = (await this.seen).folders;
    this.arm();
    await Promise.all([this.watcher, this.seen]);
  }

  /** Releases everything; also twice. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelQuiet?.();
    this.cancelLook?.();
    this.cancelBlind?.();
    const watcher = await this.watcher;
    this.watcher = Promise.resolve(undefined);
    await watcher?.close();
  }

  /**
   * Compares the directories with the last look. Watches anew where a folder was replaced or added, or an event did not come: what is made in a
   * folder while the watch on it begins may stay unwatched. Resolves when done, never rejects.
   */
  async rescan(): Promise<void> {
    // Perhaps the kernel has room by now.
    await this.compare(this.blind);
  }

  private async compare(isArmedAnew: boolean): Promise<void> {
    const found = await this.look();
    const { files } = await this.seen;
    if (this.stopped) return;
    if (isArmedAnew || found.folders !== this.watched || found.files !== files) this.arm();
    this.watched = found.folders;
    if (found.files !== files) this.touch();
    await this.watcher;
  }

  private arm(): void {
    const { startWatching, directories, files } = this.options;
    const previous = this.watcher;
    this.watcher = (async () => {
      await (await previous)?.close();
      if (this.stopped) return undefined;
      this.blind = false;
      const watcher = await startWatching(
        [...directories, ...files],
        (path) => this.event(path),
        (error) => this.refused(error),
      ).catch((error: Error) => this.refused(error));
      this.hasTold = this.blind;
      return watcher ?? undefined;
    })();
  }

  private refused(error: Error): void {
    if (this.stopped || this.blind) return;
    this.blind = true;
    if (!this.hasTold) this.options.onBlind(`${error.message}${advice(error)}`);
    this.hasTold = true;
    this.lookSoon();
  }

  private lookSoon(): void {
    this.cancelBlind?.();
    this.cancelBlind = this.options.clock.after(blindMs, async () => {
      await this.compare(false);
      if (this.blind && !this.stopped) this.lookSoon();
    });
  }

  private event(path: string): void {
    if (!this.stopped && isOfInterest(path)) this.touch();
  }

  private touch(): void {
    const { clock, onHint } = this.options;
    const now = clock.monotonic();
    if (this.burstStart === undefined) {
      this.burstStart = now;
      onHint();
    }
    this.cancelQuiet?.();
    this.cancelLook?.();
    const left = Math.max(0, this.burstStart + longestMs - now);
    this.cancelQuiet = clock.after(Math.min(quietMs, left), () => this.settle());
  }

  private settle(): void {
    this.cancelQuiet = undefined;
    this.burstStart = undefined;
    this.seen = this.look();
    // Not before the look is complete: what is written after it, and so perhaps after the load, shows in the next one.
    void this.seen.then(() => this.tell());
  }

  private tell(): void {
    if (this.stopped) return;
    this.options.onChange();
    // A file that is replaced is not watched for a moment, and what is written then goes untold.
    this.cancelLook?.();
    this.cancelLook = this.options.clock.after(lookAgainMs, () => void this.rescan());
  }

  private async look(): Promise<Look> {
    const files: string[] = [];
    const folders: string[] = [];
    const visit = async (folder: string, depth: number): Promise<void> => {
      folders.push(await identity(folder));
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        if (files.length >= maxEntries || /^(\.|node_modules$)/.test(entry.name)) continue;
        const path = join(folder, entry.name);
        if (entry.isDirectory() && depth < maxDepth) await visit(path, depth + 1);
        else if (isOfInterest(path)) files.push(`${path} ${await identity(path)}`);
      }
    };
    for (const directory of this.options.directories) await visit(directory, 0);
    for (const file of this.options.files) files.push(`${file} ${await identity(file)}`);
    return { files: files.join('\n'), folders: folders.join(' ') };
  }
}

async function identity(path: string): Promise<string> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return '-';
  const { dev, ino, size, mtimeMs, ctimeMs } = stats;
  return stats.isDirectory() ? `${dev}:${ino}` : `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
}

/** Editors write `.x.swp`, `4913` and `x~` beside a file; Kubernetes swaps `..data`. Only what a load reads counts. */
function isOfInterest(path: string): boolean {
  const name = basename(path);
  return (
    !name.startsWith('.') &&
    !name.endsWith('~') &&
    (/\.(ya?ml|[cm]?js|m?ts|json|lock|sig)$/i.test(name) || !name.includes('.') || isTemplate(path))
  );
}

/** A run reads it anew each time; whether it can be filled, a load tells. */
function isTemplate(path: string): boolean {
  return path.split('/').includes('templates');
}

/** Which limit is to be raised, where it is one. */
function advice({ code }: NodeJS.ErrnoException): string {
  if (code === 'ENOSPC') return '; raise fs.inotify.max_user_watches';
  if (code === 'ENFILE') return '; raise fs.file-max';
  if (code !== 'EMFILE') return '';
  // One code for two limits: without a descriptor nothing else can be opened either.
  return isOutOfDescriptors()
    ? '; this process has no descriptor left: raise its limit (ulimit -n, LimitNOFILE of systemd)'
    : '; raise fs.inotify.max_user_instances';
}

function isOutOfDescriptors(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'));
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EMFILE';
  }
}

const watchWithChokidar: StartWatching = async (directories, onEvent, onRefused) => {
  const { watch } = await import('chokidar');
  const watcher = watch([...directories], {
    ignoreInitial: true,
    ignored: (path) => /^(\.|node_modules$)/.test(basename(path)) && !directories.includes(path),
    depth: maxDepth,
  });
  // Its own events are throttled and merged per file, so the second of two quick writes may go untold: the kernel's are not.
  watcher.on('raw', (_event, path) => onEvent(path ?? ''));
  watcher.on('all', (_event, path) => onEvent(path));
  // What cannot be read a load tells.
  watcher.on('error', (error) => {
    if (/^(ENOSPC|E[MN]FILE|ENOMEM)$/.test((error as NodeJS.ErrnoException).code ?? ''))
      onRefused(error as Error);
  });
  await new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
  return watcher;
};
