import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { certificatesMissing, testCertificates } from 'opsbro/sdk/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { createTcp } from '../../../threads/context/tcp.ts';

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const serve = (talk: (socket: Socket) => void): Promise<number> =>
  listen(
    createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      talk(socket);
    }),
  );
const tcp = createTcp(new AbortController().signal);

describe('a connection', () => {
  it('reads up to a text, keeps what is behind it, and writes', async () => {
    const port = await serve((socket) => {
      socket.write('220 ready\r\n250 more');
      socket.on('data', (part) => void socket.end(`you said ${part}`));
    });
    const connection = await tcp('127.0.0.1', port);
    expect(await connection.read({ until: '\r\n' })).toBe('220 ready\r\n');
    expect(await connection.read()).toBe('250 more');
    await connection.write('hello');
    expect(await connection.read({ until: '\n' })).toBe('you said hello');
    expect(await connection.read()).toBe('');
    connection.close();
  });

  it('stops at maxBytes, however much comes', async () => {
    const port = await serve((socket) => void socket.write('x'.repeat(1_000_000)));
    const connection = await tcp('127.0.0.1', port);
    expect(await connection.read({ until: '\n', maxBytes: 10 })).toBe('xxxxxxxxxx');
    expect((await connection.read({ until: '\n' })).length).toBe(64 * 1024);
    expect((await connection.read({ until: '\n', maxBytes: 300_000 })).length).toBe(300_000);
    connection.close();
  });

  it('rejects where nobody listens, and where a host does not exist', async () => {
    const port = await serve(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    await expect(tcp('127.0.0.1', port)).rejects.toMatchObject({
      code: 'OPSBRO_HOST_NETWORK',
      message: `127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
    });
    await expect(tcp('nothing.invalid', 1)).rejects.toThrow('ENOTFOUND');
    await expect(tcp('localhost', 70_000)).rejects.toMatchObject({ code: 'OPSBRO_HOST_NETWORK' });
  });

  it('rejects after its timeout without a byte', async () => {
    const port = await serve(() => undefined);
    const connection = await tcp('127.0.0.1', port, { timeoutMs: 50 });
    await expect(connection.read()).rejects.toThrow(`127.0.0.1:${port}: nothing came within 50 ms`);
    await expect(connection.write('x')).rejects.toMatchObject({ code: 'OPSBRO_HOST_NETWORK' });
  });

  it('ends with its run', async () => {
    const controller = new AbortController();
    const port = await serve(() => undefined);
    const connection = await createTcp(controller.signal)('127.0.0.1', port);
    const reading = connection.read();
    controller.abort(new Error('the run ends'));
    await expect(reading).rejects.toThrow('the run ends');
    await expect(createTcp(controller.signal)('127.0.0.1', port)).rejects.toThrow('the run ends');
  });
});

describe.skipIf(certificatesMissing !== undefined)('TLS', () => {
  it('verifies the certificate, and shows one that is not trusted when it is told not to', async () => {
    const { key, cert, caFile, remove } = testCertificates();
    const port = await listen(createTlsServer({ key, cert }, (socket) => void socket.end('safe')));
    const trusted = await tcp('localhost', port, { tls: { caFile } });
    expect(await trusted.read()).toBe('safe');
    expect(trusted.certificate).toMatchObject({
      subject: 'localhost',
      issuer: 'Test CA',
      names: 'DNS:localhost, IP Address:127.0.0.1',
      error: null,
    });
    expect(trusted.certificate?.validToMs).toBeGreaterThan(Date.now());
    await expect(tcp('localhost', port, { tls: true })).rejects.toThrow('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    await expect(tcp('127.0.0.1', port, { tls: { caFile, servername: 'web1' } })).rejects.toThrow(
      "Host: web1. is not in the cert's altnames",
    );
    const shown = await tcp('localhost', port, { tls: { verify: false } });
    expect(shown.certificate?.error).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    shown.close();
    remove();
  });

  it('rejects where nobody speaks TLS', async () => {
    const port = await serve((socket) => void socket.end('220 plain\r\n'));
    await expect(tcp('localhost', port, { tls: true })).rejects.toMatchObject({
      code: 'OPSBRO_HOST_NETWORK',
    });
  });
});
