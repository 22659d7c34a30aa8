import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../cli/program.ts';
import { createControlClient } from '../../core/control/client.ts';

/** The package's root directory. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** A configuration directory and a data directory of their own, and the program run on them in this process. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'opsbro-workplace-'));
  readonly config = join(this.folder, 'config.d');
  readonly #servers: Server[] = [];

  constructor() {
    mkdirSync(this.config);
  }

  /** Writes a file of the configuration directory and returns its path. */
  write(path: string, text: string): string {
    const file = join(this.config, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o644 });
    return file;
  }

  /** Runs one command line, by default over the shipped configuration and this one; null names none. */
  async opsbro(
    line: string[],
    config: string | null = this.config,
  ): Promise<{ code: number; out: string; err: string }> {
    const written = { out: '', err: '' };
    const recorder = (name: 'out' | 'err') => ({
      write: (text: string) => {
        written[name] += text;
      },
    });
    const over = config === null ? [] : ['--config', config];
    const code = await runCli(['--data', join(this.folder, 'data'), ...over, ...line], {
      stdout: recorder('out'),
      stderr: recorder('err'),
      env: {},
      // Root's directories may be a real installation, which a test must not change.
      uid: config === null ? 1 : (process.getuid?.() ?? 0),
      root,
    });
    return { code, ...written };
  }

  /** Serves these answers, by path, where the agent's socket would be. */
  async agent(answers: { [path: string]: unknown }): Promise<void> {
    mkdirSync(join(this.folder, 'data', 'run'), { recursive: true });
    const server = createServer((request, response) => {
      const answer = answers[request.url ?? ''];
      response.statusCode = answer === undefined ? 404 : 200;
      response.end(JSON.stringify(answer ?? { error: { code: 'OPSBRO_API_NOT_FOUND', message: 'no' } }));
    });
    this.#servers.push(server);
    const { socket } = createControlClient(join(this.folder, 'data'));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
  }

  dispose(): void {
    for (const server of this.#servers) server.close().closeAllConnections();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
