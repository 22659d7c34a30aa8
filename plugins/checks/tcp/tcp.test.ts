import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Manifest } from 'opsbro/sdk';
import {
  certificatesMissing,
  complianceSuite,
  hostContext,
  runCheck,
  runVerb,
  type TestCertificates,
  testCertificates,
} from 'opsbro/sdk/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import tcp from './index.ts';
import type { Options } from './options.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const servers: Server[] = [];

/** A real server on loopback; `serve` gets each connection. */
async function listen(serve: (socket: Socket) => void, server = createServer(serve)): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const judge = (port: number, given: Partial<Options> = {}) =>
  runCheck(tcp, manifest, { host: '127.0.0.1', port, ...given });

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

describe('check/tcp', () => {
  it('is ok where somebody listens, and measures the time', async () => {
    const port = await listen((socket) => socket.end());
    const { state, output, metrics } = await judge(port, { warning: '5s' });
    expect([state, output]).toEqual(['ok', expect.stringMatching(`^port ${port} of 127.0.0.1: it took 0`)]);
    expect(metrics?.time).toEqual({ value: expect.any(Number), unit: 's', warning: '5', min: 0 });
  });

  it('waits for a banner that comes in pieces, and says goodbye', async () => {
    let said = '';
    const port = await listen((socket) => {
      socket.on('data', (part) => {
        said += part;
      });
      socket.write('220 mail.exa', () => socket.write('mple.org ESMTP\r\n'));
    });
    expect(await judge(port, { expect: 'ESMTP', quit: 'QUIT\r\n' })).toMatchObject({
      state: 'ok',
      output: expect.stringContaining("it says '220 mail.example.org ESMTP'"),
    });
    await expect.poll(() => said).toBe('QUIT\r\n');
  });

  it('sends first where the server waits for it', async () => {
    const port = await listen((socket) => socket.on('data', (part) => socket.end(`+${part}`)));
    expect(await judge(port, { send: 'PING\r\n', expect: '+PING' })).toMatchObject({ state: 'ok' });
  });

  it.each([
    ['-ERR not now\r\n', "'+OK' did not come, but '-ERR not now'"],
    ['', "'+OK' did not come, but nothing"],
    [`${'x'.repeat(500)}\u0000`, `'${'x'.repeat(79)}…'`],
    [`${'x'.repeat(78)}😀😀`, `'${'x'.repeat(78)}…'`],
  ])('is critical when the server says %j instead', async (banner, text) => {
    const port = await listen((socket) => socket.end(banner));
    const found = await judge(port, { expect: '+OK' });
    expect([found.state, found.output]).toEqual(['critical', expect.stringContaining(text)]);
  });

  it('is critical when it takes too long', async () => {
    const port = await listen((socket) => socket.end());
    expect(await judge(port, { warning: 0, critical: '@0:1h' })).toMatchObject({ state: 'critical' });
  });

  it('is critical when nothing comes', async () => {
    const port = await listen((socket) => socket.resume());
    expect(await judge(port, { expect: 'x', give_up_after: '50ms' })).toEqual({
      state: 'critical',
      output: expect.stringContaining('nothing came within 50 ms'),
      metrics: { time: { value: null, unit: 's', min: 0 } },
    });
  });

  it('says of a port where nobody listens what `refused` says', async () => {
    const port = await listen(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await judge(port)).toMatchObject({
      state: 'critical',
      output: expect.stringContaining('REFUSED'),
    });
    expect(await judge(port, { refused: 'ok' })).toMatchObject({ state: 'ok' });
  });

  it('leaves the end of its run to the agent', async () => {
    const port = await listen((socket) => socket.resume());
    const options = { host: '127.0.0.1', port, expect: 'x', give_up_after: '10s' } as Options;
    const ctx = hostContext({ options: { ...options, send: 'x', quit: '' } });
    const ended = runVerb(tcp, ctx);
    ctx.abort();
    await expect(ended).rejects.toBe(ctx.signal.reason);
  });
});

describe.skipIf(certificatesMissing !== undefined && process.env.OPSBRO_TEST_REQUIRE !== 'all')(
  'check/tcp with TLS',
  () => {
    let made: TestCertificates;
    beforeAll(() => {
      made = testCertificates();
    });
    afterAll(() => made.remove());

    it('trusts a certificate of ca_file, and others only when told to', async () => {
      const serve = (socket: Socket) => socket.on('error', () => undefined).end('hello\n');
      const port = await listen(serve, createTlsServer({ key: made.key, cert: made.cert }, serve));
      const options = { host: 'localhost', tls: true, expect: 'hello' };
      expect(await judge(port, { ...options, ca_file: made.caFile })).toMatchObject({ state: 'ok' });
      expect(await judge(port, options)).toMatchObject({ state: 'critical' });
      expect(await judge(port, { ...options, verify_tls: false })).toMatchObject({ state: 'ok' });
    });
  },
);

describe('compliance', () => {
  for (const test of complianceSuite('check', folder, tcp, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
