import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocket, type Server as SocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * What attacks find on the host: a folder with what they may read (`allowed/`), what they may not (`secret`), links from one to the other, a
 * FIFO, a device and a socket; and a server that redirects to what is not theirs.
 */
export class Ground {
  readonly dir = mkdtempSync(join(tmpdir(), 'opsbro-ground-'));
  port = 0;
  readonly #servers: (Server | SocketServer)[] = [];

  async open(): Promise<void> {
    const allowed = join(this.dir, 'allowed');
    mkdirSync(join(allowed, 'a'), { recursive: true });
    writeFileSync(join(this.dir, 'secret'), 'top secret\n');
    writeFileSync(join(allowed, 'plain'), 'for everybody\n');
    // As JSON six times as much.
    writeFileSync(join(allowed, 'zeros'), '');
    truncateSync(join(allowed, 'zeros'), 4 * 2 ** 20);
    symlinkSync(join(this.dir, 'secret'), join(allowed, 'link'));
    symlinkSync('link', join(allowed, 'chain'));
    symlinkSync(this.dir, join(allowed, 'out'));
    symlinkSync('/dev/zero', join(allowed, 'zero'));
    execFileSync('mkfifo', [join(allowed, 'pipe')]);
    await this.#listen(createSocket(), join(allowed, 'socket'));
    const web = createServer((request, response) => {
      if (request.url?.split('?')[0] !== '/away') response.end('inner secret');
      else response.writeHead(302, { location: `http://127.0.0.1:${this.port}/inner` }).end();
    });
    await this.#listen(web, 0);
    this.port = (web.address() as AddressInfo).port;
  }

  /** The text with what stands for this ground filled in. */
  fill(text: string): string {
    return text.replaceAll('{dir}', this.dir).replaceAll('{port}', String(this.port));
  }

  close(): void {
    for (const server of this.#servers) server.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  async #listen(server: Server | SocketServer, where: string | number): Promise<void> {
    this.#servers.push(server);
    await new Promise<void>((resolve) => {
      if (typeof where === 'string') server.listen(where, resolve);
      else server.listen(where, '127.0.0.1', resolve);
    });
  }
}
