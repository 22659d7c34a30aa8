import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const python = '/usr/bin/python3';
// Beside the source: dist holds no Python.
const script = fileURLToPath(new URL('./graphite-web.py', import.meta.url)).replace('/dist/test/', '/test/');

/** An answer of the peer, and how long its view took. */
export interface PeerAnswer {
  status: number;
  body: string;
  ms: number;
}

/** Whether Debian's graphite-web can be loaded here. */
export function isGraphiteWebHere(): boolean {
  try {
    execFileSync(python, ['-c', 'import graphite, whisper, django'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Debian's graphite-web in one process of Python, asked without HTTP. Caches are off. */
export class GraphiteWeb {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  /** `scratch` is an empty folder for its settings and logs. */
  constructor(whisperFolder: string, scratch: string) {
    this.#child = spawn(python, [script, whisperFolder, scratch]);
    this.#child.stderr.resume();
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(path: string, query: [string, string][]): Promise<PeerAnswer> {
    return (await this.#exchange({ path, query })) as PeerAnswer;
  }

  /** Seconds since 1970 of each text, as `from` reads it; null for what it refuses. */
  async times(times: string[], now: number, zone: string): Promise<(number | null)[]> {
    return ((await this.#exchange({ times, now, zone })) as { times: (number | null)[] }).times;
  }

  /** Puts series into its database of tags. */
  async tag(names: readonly string[]): Promise<void> {
    await this.#exchange({ tag: names });
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }

  async #exchange(wish: object): Promise<unknown> {
    this.#child.stdin.write(`${JSON.stringify(wish)}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('graphite-web ended; run its script by hand to see why');
    return JSON.parse(value as string) as unknown;
  }
}
