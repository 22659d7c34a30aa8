import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { RouteReply } from 'opsbro/sdk';

const mostFiles = 500;
const mostBytes = 16 * 1024 * 1024;
const types: { [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/vnd.microsoft.icon',
  '.woff2': 'font/woff2',
};
/** Formats that hold packed data already. */
const packed = new Set(['.png', '.ico', '.woff2']);
/** What the page may load: its own files, and pictures that it draws itself. */
const policy = [
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'",
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
].join('; ');
/** Vite names a file by what it holds, so one of that name never changes. */
const namedByContent = /^assets\/.*-[\w-]{8}\.\w+$/;

interface PageFile {
  type: string;
  bytes: Buffer;
  headers: { [name: string]: string };
}

/** The files of the built page. All of them are in memory and found by their names alone, so no path leads out of the folder. */
export class PageFiles {
  readonly #files: ReadonlyMap<string, PageFile>;

  private constructor(files: ReadonlyMap<string, PageFile>) {
    this.#files = files;
  }

  /** Reads a folder; links in it and what is of no known type are passed over. Rejects where it cannot be read, or is too large. */
  static async read(folder: string): Promise<PageFiles> {
    const found = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    if (found.length > mostFiles) throw new Error(`${folder} has over ${mostFiles} files`);
    const files = new Map<string, PageFile>();
    let total = 0;
    for (const entry of found) {
      const type = types[extname(entry.name)];
      if (type === undefined) continue;
      const path = join(entry.parentPath, entry.name);
      const bytes = await readFile(path);
      total += bytes.length;
      if (total > mostBytes) throw new Error(`${folder} holds over ${mostBytes} bytes`);
      const name = path.slice(join(folder, '/').length);
      files.set(posix.normalize(name), fileOf(name, type, bytes));
    }
    return new PageFiles(files);
  }

  /** The answer to a path below the page's; undefined where there is no such file. */
  answer(path: string): RouteReply | undefined {
    const file = this.#files.get(path === '' ? 'index.html' : path);
    if (file === undefined) return undefined;
    // The bytes are given away with the answer.
    return { status: 200, type: file.type, body: new Uint8Array(file.bytes), headers: file.headers };
  }
}

function fileOf(name: string, type: string, bytes: Buffer): PageFile {
  const isPacked = packed.has(extname(name));
  return {
    type,
    bytes: isPacked ? bytes : gzipSync(bytes, { level: 9 }),
    headers: {
      etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
      'cache-control': namedByContent.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
      'content-security-policy': policy,
      ...(!isPacked && { 'content-encoding': 'gzip' }),
    },
  };
}
