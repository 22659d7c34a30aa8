import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Manifest } from 'opsbro/sdk';
import {
  complianceSuite,
  type FixtureOptions,
  fixtureContext,
  hostContext,
  runVerb,
  testClock,
  testEvent,
} from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import webhook from './index.ts';
import type { WebhookOptions } from './request.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const options: WebhookOptions = {
  url: 'https://example.org/hooks/t0ken',
  method: 'POST',
  headers: {},
  body_template: '',
  content_type: 'application/json',
  secret: '',
  ca_file: '',
};
const contextOf = (more: Partial<WebhookOptions> = {}, http: FixtureOptions['http'] = () => ({})) =>
  fixtureContext({ options: { ...options, ...more }, http, clock: testClock(1_767_268_800_999) });

describe('a request', () => {
  it('holds the event as JSON, and its key', async () => {
    const ctx = contextOf();
    const event = testEvent('problem');
    await runVerb(webhook, ctx, event);
    const [request] = ctx.requests;
    expect(request).toMatchObject({
      url: 'https://example.org/hooks/t0ken',
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': '"web1/linux/check/load/7/problem"',
        'x-opsbro-event': 'problem',
      },
    });
    expect(JSON.parse(request?.body ?? '')).toEqual({
      ...event,
      severity: 'critical',
      title: 'CRITICAL Load average on web1',
      body: expect.stringContaining('load is 42'),
    });
    expect(request?.headers?.['x-opsbro-signature']).toBeUndefined();
  });

  it.each(['', '{{ event | tojson }}'])(
    'holds no half of a character, by the template %j',
    async (body_template) => {
      const ctx = contextOf({ body_template });
      await runVerb(webhook, ctx, testEvent('problem', { output: 'cut \ud83d' }));
      expect(JSON.parse(ctx.requests[0]?.body ?? '')).toMatchObject({ data: { output: 'cut \ufffd' } });
    },
  );

  it('takes method, headers, content type and body from the options', async () => {
    const ctx = contextOf({
      method: 'PUT',
      headers: { Authorization: 'Bearer abc' },
      content_type: 'text/plain',
      body_template: '{{ node }}: {{ alerts[0].name | upper }} {{ event.type }} {{ data.labels | tojson }}',
    });
    await runVerb(webhook, ctx, testEvent('problem'));
    expect(ctx.requests).toMatchObject([
      {
        method: 'PUT',
        headers: { Authorization: 'Bearer abc', 'content-type': 'text/plain' },
        body: 'web1: LOAD problem {"team":"web"}',
      },
    ]);
  });

  it('arrives whatever letters its key has, in a header that holds ASCII alone', async () => {
    const key = 'web1/hook/team=диск "A" 100%\n/7';
    const got = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
      const server = createServer((request, response) => {
        response.end();
        server.close();
        resolve(request.headers);
      }).listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        const ctx = hostContext({ options: { ...options, url: `http://127.0.0.1:${port}/` } });
        runVerb(webhook, ctx, { ...testEvent('problem'), key }).catch((thrown) => {
          server.close();
          reject(thrown);
        });
      });
    });
    expect(got['idempotency-key']).toBe('"web1/hook/team=%D0%B4%D0%B8%D1%81%D0%BA \\"A\\" 100%25%0A/7"');
  });

  it('arrives with a signature that its receiver can check', async () => {
    const got = await new Promise<{ headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
      const server = createServer(async (request, response) => {
        let body = '';
        for await (const part of request) body += String(part);
        response.end('thanks');
        server.close();
        resolve({ headers: request.headers, body });
      });
      server.listen(0, '127.0.0.1', () => {
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
        const ctx = hostContext({ options: { ...options, url, secret: 'k€y' } });
        runVerb(webhook, ctx, testEvent('problem', { output: 'grüße' })).catch(reject);
      });
    });
    const timestamp = String(got.headers['x-opsbro-timestamp']);
    const expected = createHmac('sha256', 'k€y').update(`${timestamp}.`).update(got.body).digest('hex');
    expect(got.headers['x-opsbro-signature']).toBe(`sha256=${expected}`);
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(120);
  });

  it('signs the time, so that a request of yesterday cannot be sent again as new', async () => {
    const signatures = [];
    for (const advance of [0, 5000]) {
      const ctx = contextOf({ secret: 'key' });
      ctx.clock.advance(advance);
      await runVerb(webhook, ctx, testEvent('problem'));
      signatures.push(ctx.requests[0]?.headers?.['x-opsbro-signature']);
      expect(ctx.requests[0]?.headers?.['x-opsbro-timestamp']).toBe(
        String(1_767_268_800 + Math.ceil(advance / 1000)),
      );
    }
    expect(signatures[0]).not.toBe(signatures[1]);
  });
});

describe('a refusal', () => {
  it.each([
    [{ status: 500 }, { permanent: false }],
    [
      { status: 429, headers: { 'retry-after': '9' } },
      { permanent: false, retryAfterMs: 9000 },
    ],
    [{ status: 422, text: 'bad Bearer abcd' }, { permanent: true }],
    [{ status: 401, text: 'no token abcd' }, { permanent: true }],
  ])('of %j asks for %j, and shows no secret', async (answer, hints) => {
    const ctx = contextOf({ headers: { Authorization: 'Bearer abcd' } }, () => answer);
    const error = await runVerb(webhook, ctx, testEvent('problem')).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'OPSBRO_HOST_DELIVERY', ...hints });
    expect(error.message).not.toMatch(/t0ken|abcd/);
  });

  it('comes before the request when the template is lost', async () => {
    const ctx = contextOf({ body_template: null });
    await expect(runVerb(webhook, ctx, testEvent('problem'))).rejects.toMatchObject({
      code: 'OPSBRO_HOST_DELIVERY',
      permanent: false,
    });
    expect(ctx.requests).toEqual([]);
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('handler', folder, webhook, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
