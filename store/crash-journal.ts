import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const recordBytes = 4096;

/**
 * The crash journal: names the plugins whose code runs in a thread at this moment, services as long as theirs lives. It is one block of the page cache, never
 * synced: what it must explain is a V8 abort, which takes the process alone. Where the machine went down, and it reached the disk before, it explains nothing.
 */
export class CrashJournal {
  readonly #file: number;
  readonly #running = new Map<string, number>();
  #closed = false;
  readonly #boot = bootId();
  readonly #block = Buffer.alloc(recordBytes);

  constructor(path: string) {
    this.#file = openSync(path, 'w', 0o600);
    this.#write(false);
  }

  enter(plugin: string): void {
    this.#running.set(plugin, (this.#running.get(plugin) ?? 0) + 1);
    this.#write(false);
  }

  leave(plugin: string): void {
    const count = (this.#running.get(plugin) ?? 1) - 1;
    if (count > 0) this.#running.set(plugin, count);
    else this.#running.delete(plugin);
    this.#write(false);
  }

  /** Marks an orderly stop and closes the file; runs that end later are not written. */
  close(): void {
    if (this.#closed) return;
    this.#write(true);
    this.#closed = true;
    closeSync(this.#file);
  }

  #write(clean: boolean): void {
    // By now the descriptor may name another file.
    if (this.#closed) return;
    const text = JSON.stringify({ clean, boot: this.#boot, running: [...this.#running.keys()] });
    this.#block.fill(0x20);
    this.#block.write(text.length < recordBytes ? text : JSON.stringify({ clean, running: [] }));
    this.#block[recordBytes - 1] = 0x0a;
    try {
      writeSync(this.#file, this.#block, 0, recordBytes, 0);
    } catch {
      // A full disk must not stop the plugins; the journal then explains nothing.
    }
  }
}

/** The plugins a previous agent was running when it died; empty after an orderly stop or one of the machine, without a journal, or with a damaged one. */
export function readCrashJournal(path: string): string[] {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as {
      clean?: unknown;
      boot?: unknown;
      running?: unknown;
    };
    if (record.clean !== false || record.boot !== bootId() || !Array.isArray(record.running)) return [];
    return record.running.filter((plugin): plugin is string => typeof plugin === 'string');
  } catch {
    return [];
  }
}

/** Another one after each start of the machine. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
