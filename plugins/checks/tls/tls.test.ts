import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer as createPlainServer } from 'node:net';
import { createServer, type Server } from 'node:tls';
import type { Manifest, Verdict } from 'opsbro/sdk';
import {
  certificatesMissing,
  complianceSuite,
  runCheck,
  type TestCertificates,
  testCertificates,
} from 'opsbro/sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import tls, { type Options } from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const isSkipped = certificatesMissing !== undefined && process.env.OPSBRO_TEST_REQUIRE !== 'all';

const judge = (given: Partial<Options>) => runCheck(tls, manifest, { host: 'localhost', ...given });

describe.skipIf(isSkipped)('check/tls', () => {
  let made: TestCertificates;
  let server: Server;
  let port: number;

  beforeAll(async () => {
    made = testCertificates({ days: 30, authorityDays: 900 });
    server = createServer({ key: made.key, cert: made.cert }, (socket) =>
      socket.on('error', () => undefined),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });

  afterAll(() => {
    server.close();
    made.remove();
  });

  it('is ok with a certificate that is trusted and valid for long', async () => {
    expect(await judge({ port, ca_file: made.caFile })).toEqual({
      state: 'ok',
      output: expect.stringMatching(/localhost is valid for 29 days, until .*; it is trusted for localhost$/),
      metrics: { days: { value: 29, warning: '21:', critical: '7:' } },
    });
  });

  it.each([
    ['60d', '7d', 'warning'],
    ['90d', '60d', 'critical'],
  ])(
    'warns %s and alarms %s before the certificate expires',
    async (expiry_warning, expiry_critical, state) => {
      const found = await judge({ port, ca_file: made.caFile, expiry_warning, expiry_critical });
      expect(found).toMatchObject({ state, output: expect.stringContaining('is valid for 29 days') });
    },
  );

  it('names the fault of a chain that is not trusted, unless that is no fault here', async () => {
    const found = await judge({ port });
    expect(found.state).toBe('critical');
    expect(found.output).toMatch(/not trusted for localhost: its (chain|issuer)/);
    expect(await judge({ port, trust: 'ok' })).toMatchObject({ state: 'ok' });
  });

  it('names the names of a certificate that is for others', async () => {
    const found = await judge({ port, ca_file: made.caFile, server_name: 'www.example.org' });
    expect(found.state).toBe('critical');
    expect(found.output).toContain('it is for other names: DNS:localhost, IP Address:127.0.0.1');
  });

  it('is critical where nobody speaks TLS, and where nobody speaks', async () => {
    const plain = createPlainServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('220 hello\r\n'),
    );
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const other = (plain.address() as AddressInfo).port;
    expect(await judge({ host: '127.0.0.1', port: other })).toMatchObject({ state: 'critical' });
    await new Promise((resolve) => plain.close(resolve));
    const found = await judge({ host: '127.0.0.1', port: other });
    expect(found).toMatchObject({ state: 'critical', output: expect.stringContaining('ECONNREFUSED') });
  });
});

describe.skipIf(isSkipped)('check/tls with a certificate', () => {
  /** What the check finds of a server with such a certificate. */
  async function judgeOf(days: { days: number; authorityDays?: number }): Promise<Verdict> {
    const made = testCertificates(days);
    const server = createServer({ key: made.key, cert: made.cert }, (socket) =>
      socket.on('error', () => undefined),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      return await judge({ port: (server.address() as AddressInfo).port, ca_file: made.caFile });
    } finally {
      server.close();
      made.remove();
    }
  }

  it('that has expired is critical and says since when', async () => {
    const found = await judgeOf({ days: 0 });
    expect([found.state, found.output]).toEqual(['critical', expect.stringContaining('expired 0 days ago')]);
  });

  it('whose authority expires sooner warns of that', async () => {
    const found = await judgeOf({ days: 90, authorityDays: 15 });
    expect(found).toMatchObject({ state: 'warning', metrics: { days: { value: 89 } } });
    expect(found.output).toMatch(/: the certificate of Test CA is valid for 14 days, until \S+$/);
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('check', folder, tls, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
