import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../cli/program.ts';
import { createControlClient } from '../../control/client.ts';

/** The package's root directory. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** A configuration directory and a data directory of their own, and the program run on them in this process. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'opsbro-workplace-'));
  readonly config = join(this.folder, 'config.d');
  readonly #servers: Server[] = [];
  /** What is answered to a question; null: nobody is there. */
  answer: string | null = null;

  constructor() {
    mkdirSync(this.config);
  }

  /** The environment of command lines. */
  readonly env: { [name: string]: string } = {};

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
      env: this.env,
      // Root's directories may be a real installation, which a test must not change.
      uid: config === null ? 1 : (process.getuid?.() ?? 0),
      root,
      ask: async (question) => {
        written.err += question;
        return this.answer;
      },
    });
    return { code, ...written };
  }

  /** Serves these answers, by path or by method and path, where the agent's socket would be; a function makes one of what was sent. */
  async agent(answers: { [path: string]: unknown }): Promise<void> {
    mkdirSync(join(this.folder, 'data', 'run'), { recursive: true });
    const server = createServer(async (request, response) => {
      const sent = await text(request);
      const found = answers[`${request.method} ${request.url}`] ?? answers[request.url ?? ''];
      const answer = typeof found === 'function' ? found(sent === '' ? null : JSON.parse(sent)) : found;
      const isError = answer === undefined || (answer as { error?: unknown } | null)?.error != null;
      response.statusCode = isError ? 404 : 200;
      const error = { code: 'OPSBRO_API_NOT_FOUND', message: `no route ${request.method} ${request.url}` };
      response.end(JSON.stringify(answer ?? { error }));
    });
    this.#servers.push(server);
    const { socket } = createControlClient(join(this.folder, 'data'));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
  }

  /** Ends what answers. */
  close(): void {
    for (const server of this.#servers) server.close().closeAllConnections();
  }

  dispose(): void {
    this.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
