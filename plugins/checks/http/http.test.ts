import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
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
import { isStatus } from './answer.ts';
import http from './index.ts';
import type { Options } from './options.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const servers: Server[] = [];

async function listen(answer: RequestListener, server: Server = createServer(answer)): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const judge = (url: string, given: Partial<Options> = {}) => runCheck(http, manifest, { url, ...given });

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe('isStatus', () => {
  it.each([
    [200, 200, true],
    [204, '2xx', true],
    [300, '2xx', false],
    [301, '200-399', true],
    [404, '200-399', false],
    [404, '4xx', true],
    [500, '501', false],
  ])('asks whether %d is %s', (status, wanted, is) => expect(isStatus(status, wanted)).toBe(is));
});

describe('check/http', () => {
  it('is ok with a good answer, and gives time and size', async () => {
    const port = await listen((_, response) => response.end('all is well'));
    expect(
      await judge(`http://127.0.0.1:${port}/health?token=x`, { warning: '5s', contains: ['well'] }),
    ).toEqual({
      state: 'ok',
      output: expect.stringMatching(/^http:\/\/127.0.0.1:\d+\/health: 200 OK; it took \d\.\d{3} s$/),
      metrics: {
        time: { value: expect.any(Number), unit: 's', warning: '5', min: 0 },
        size: { value: 11, unit: 'B', min: 0 },
      },
    });
  });

  it.each<[string, Partial<Options>, string]>([
    ['a status', { status: [404] }, '200 OK, expected 404'],
    ['a text', { contains: ['well', 'fine'] }, "the answer does not hold 'fine'"],
    ['a pattern', { matches: '^well' }, 'the answer does not match /^well/'],
    ['no pattern', { lacks: 'w.ll' }, "the answer holds 'well'"],
    ['a header', { expect_headers: { 'X-Version': '^2' } }, "X-Version is '1.9', not /^2/"],
    ['a header that is there', { expect_headers: { etag: '.' } }, 'the header etag is missing'],
    ['what it read', { max_size: '4B', contains: ['well'] }, "the first 4 characters does not hold 'well'"],
  ])('is critical when it expects %s that is not so', async (_, options, text) => {
    const port = await listen((__, response) => response.setHeader('x-version', '1.9').end('all\nis well'));
    const { state, output } = await judge(`http://127.0.0.1:${port}/`, options);
    expect([state, output]).toEqual(['critical', expect.stringContaining(text)]);
  });

  it('sends method, headers and body', async () => {
    const port = await listen(async (request, response) => {
      let body = '';
      for await (const part of request) body += part;
      response.end([request.method, request.headers['x-key'], request.headers['user-agent'], body].join(' '));
    });
    const options = { method: 'PUT', headers: { 'x-key': 'k1' }, body: 'b', contains: ['PUT k1 opsbro b'] };
    expect(await judge(`http://127.0.0.1:${port}/`, options)).toMatchObject({ state: 'ok' });
  });

  it('follows redirects, or judges them', async () => {
    const port = await listen((request, response) => {
      if (request.url === '/new') return response.end('here');
      return response.writeHead(301, { location: '/new' }).end();
    });
    const old = `http://127.0.0.1:${port}/old`;
    const followed = await judge(old, { contains: ['here'] });
    expect(followed).toMatchObject({
      state: 'ok',
      output: expect.stringContaining(`200 OK from ${old.replace('old', 'new')}`),
    });
    const options = { redirects: 0, status: [301], expect_headers: { location: '^/new$' } };
    expect(await judge(old, options)).toMatchObject({ state: 'ok' });
    expect(await judge(old, { redirects: 0 })).toMatchObject({
      state: 'critical',
      output: expect.stringContaining('301 Moved Permanently, expected 2xx'),
    });
  });

  it('warns and alarms when the answer takes too long', async () => {
    const port = await listen((_, response) => response.end());
    const url = `http://127.0.0.1:${port}/`;
    expect(await judge(url, { warning: '@0:1h' })).toMatchObject({ state: 'warning' });
    expect(await judge(url, { warning: '@0:1h', critical: '@0:1h' })).toMatchObject({ state: 'critical' });
  });

  it.each([
    ['never answers', () => undefined, 'no answer within 100 ms'],
    ['hangs up', (socket: { destroy(): void }) => socket.destroy(), ''],
  ] as const)('is critical when the server %s', async (_, act, text) => {
    const port = await listen((request) => act(request.socket));
    const found = await judge(`http://127.0.0.1:${port}/?secret=s`, { give_up_after: '100ms' });
    expect(found).toMatchObject({ state: 'critical', metrics: { time: { value: null } } });
    expect(found.output).toContain(text);
    expect(found.output).not.toContain('secret');
  });

  it('is critical when nobody listens', async () => {
    const port = await listen(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const found = await judge(`http://127.0.0.1:${port}/`);
    expect(found).toMatchObject({ state: 'critical', output: expect.stringContaining('ECONNREFUSED') });
  });

  it('leaves the end of its run to the agent', async () => {
    const port = await listen(() => undefined);
    const options = { url: `http://127.0.0.1:${port}/`, headers: {}, max_size: '1MiB', give_up_after: '10s' };
    const ctx = hostContext({ options: options as Options });
    const ended = runVerb(http, ctx);
    ctx.abort();
    await expect(ended).rejects.toBe(ctx.signal.reason);
  });
});

describe.skipIf(certificatesMissing !== undefined && process.env.OPSBRO_TEST_REQUIRE !== 'all')(
  'check/http with TLS',
  () => {
    let made: TestCertificates;
    beforeAll(() => {
      made = testCertificates({ days: 30 });
    });
    afterAll(() => made.remove());

    it('judges answer and certificate', async () => {
      const { key, cert, caFile: ca_file } = made;
      const answer: RequestListener = (_, response) => response.end('secret');
      const url = `https://localhost:${await listen(answer, createTlsServer({ key, cert }, answer))}/`;
      const fine = await judge(url, { ca_file, expiry_warning: '21d', expiry_critical: '7d' });
      expect(fine).toMatchObject({
        state: 'ok',
        output: expect.stringContaining('the certificate of localhost is valid for 29 days'),
        metrics: { days: { value: 29, warning: '21:', critical: '7:' } },
      });
      expect(await judge(url, { ca_file, expiry_warning: '60d' })).toMatchObject({ state: 'warning' });
      expect(await judge(url, { ca_file, expiry_critical: '60d' })).toMatchObject({ state: 'critical' });
      expect(await judge(url)).toMatchObject({
        state: 'critical',
        output: expect.stringMatching(/certificate/),
      });
      expect(await judge(url, { verify_tls: false })).toMatchObject({ state: 'ok' });
    });

    it.each([
      ['www.example.org', 'www.example.org'],
      ['www.example.org:8443', 'www.example.org'],
      ['192.0.2.1', undefined],
    ])('judges the certificate of the site that a header Host names: %s', async (host, name) => {
      const { key, cert } = made;
      const asked: unknown[] = [];
      const SNICallback: TlsOptions['SNICallback'] = (servername, done) => {
        asked.push(servername);
        done(null);
      };
      const server = createTlsServer({ key, cert, SNICallback }, (_, response) => void response.end());
      const url = `https://127.0.0.1:${await listen(() => undefined, server)}/`;
      const options = { headers: { Host: host }, verify_tls: false, expiry_warning: '21d' };
      expect(await judge(url, options)).toMatchObject({ state: 'ok', metrics: { days: { value: 29 } } });
      expect(asked).toEqual(name === undefined ? [] : [name, name]);
    });
  },
);

describe('compliance', () => {
  for (const test of complianceSuite('check', folder, http, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
