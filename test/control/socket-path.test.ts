import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findSocket, prepareSocket, socketPath } from '../../control/socket-path.ts';

const uid = process.getuid?.() ?? 0;
let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'opsbro-s-'));
});

afterEach(() => rmSync(temporary, { recursive: true, force: true }));

const longData = (): string => join(temporary, 'd'.repeat(120));

describe('socket path', () => {
  it('is in the data directory when that is short enough', () => {
    expect(socketPath('/var/lib/opsbro', 0)).toBe('/var/lib/opsbro/run/opsbro.sock');
    expect(socketPath('/var/lib/opsbro', 0)).toBe(findSocket('/var/lib/opsbro'));
  });

  it.each([
    [100, true],
    [101, false],
  ])('counts %s bytes, not characters', (bytes, fits) => {
    const rest = bytes - Buffer.byteLength('/é/run/opsbro.sock');
    const data = `/é${'d'.repeat(rest)}`;
    expect(socketPath(data, 7).startsWith(data)).toBe(fits);
  });

  it('moves a long path to a private directory, records it, and a client finds it', async () => {
    const path = prepareSocket(longData(), uid, temporary);
    expect(path).toBe(socketPath(longData(), uid, temporary));
    expect(dirname(path)).toBe(join(temporary, `opsbro-${uid}`));
    expect(lstatSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(longData(), 'run', 'socket'), 'utf8')).toBe(`${path}\n`);
    expect(findSocket(longData())).toBe(path);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    server.close();
  });

  it('gives two data directories two sockets', () => {
    expect(socketPath(`${longData()}1`, uid, temporary)).not.toBe(
      socketPath(`${longData()}2`, uid, temporary),
    );
  });

  it('names the usual path while no agent has run in a long data directory', () => {
    expect(findSocket(longData())).toBe(join(longData(), 'run', 'opsbro.sock'));
  });

  it('closes a directory that was left open to others', () => {
    const directory = join(temporary, `opsbro-${uid}`);
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    prepareSocket(longData(), uid, temporary);
    expect(lstatSync(directory).mode & 0o777).toBe(0o700);
  });

  it('refuses a directory that is a link or belongs to another user', () => {
    mkdirSync(join(temporary, 'elsewhere'));
    symlinkSync(join(temporary, 'elsewhere'), join(temporary, `opsbro-${uid}`));
    const linked = () => prepareSocket(longData(), uid, temporary);
    expect(linked).toThrow(expect.objectContaining({ code: 'OPSBRO_AGENT_DATA' }));
    mkdirSync(join(temporary, `opsbro-${uid + 1}`));
    const foreign = () => prepareSocket(longData(), uid + 1, temporary);
    expect(foreign).toThrow(expect.objectContaining({ code: 'OPSBRO_AGENT_DATA' }));
  });

  it('drops the record when the data directory is short again', () => {
    const data = join(temporary, 'd');
    mkdirSync(join(data, 'run'), { recursive: true });
    prepareSocket(data, uid, temporary);
    expect(findSocket(data)).toBe(join(data, 'run', 'opsbro.sock'));
  });

  it('says which path it cannot prepare', () => {
    writeFileSync(join(temporary, 'file'), '');
    const data = join(temporary, 'file', 'data');
    expect(() => prepareSocket(data, uid)).toThrow(
      expect.objectContaining({ code: 'OPSBRO_AGENT_DATA', message: expect.stringContaining(data) }),
    );
  });
});
