import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject, Manifest } from 'opsbro/sdk';
import { testEvent } from 'opsbro/sdk/testing';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fillOptions } from '../../configuration/sources/options.ts';
import type { Job } from '../../threads/protocol.ts';
import { jobOf, openPool } from './plugin-fixtures.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { pool, late } = openPool();
const contacts = ['ops@example.org'];
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'opsbro-handlers-'));
});
afterAll(async () => {
  await pool.close(0);
  rmSync(folder, { recursive: true, force: true });
});

/** A job as the agent makes it: the plugin's own code, its defaults filled in, its secrets and templates still closed. */
function handlerJob(name: string, given: JsonObject, changes: Partial<Job> = {}): Job {
  const { options } = parse(readFileSync(`${root}plugins/handlers/${name}/plugin.yml`, 'utf8')) as Manifest;
  return jobOf(name, {
    type: 'handle',
    plugin: `handler/${name}`,
    module: `${root}dist/plugins/handlers/${name}/index.js`,
    options: fillOptions(options, given),
    schema: options,
    event: testEvent('problem'),
    ...changes,
  });
}

it('sends mail from a job thread, with a template and a password from files', async () => {
  writeFileSync(join(folder, 'subject.tpl'), '{{ check.name | upper }}\n');
  let message = '';
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _, done) {
      stream.on('data', (part: Buffer) => {
        message += part.toString();
      });
      stream.on('end', () => done());
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const smtp_server = `127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  const options = { contacts, smtp_server, subject_template: { file: join(folder, 'subject.tpl') } };
  const result = await pool.run(handlerJob('mail', options));
  expect(result).toMatchObject({ status: 'done' });
  expect(message).toContain('\r\nSubject: LOAD\r\n');
  await new Promise<void>((resolve) => server.close(resolve));
  const failed = await pool.run(handlerJob('mail', options));
  expect(failed).toMatchObject({ status: 'failed', error: { code: 'OPSBRO_HOST_DELIVERY' } });
});

it('ends a mail at the timeout of its job, when the server says nothing', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const smtp_server = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const result = await pool.run(handlerJob('mail', { contacts, smtp_server }, { timeoutMs: 500 }));
  expect(result).toMatchObject({ status: 'failed', error: { code: 'OPSBRO_PLUGIN_TIMEOUT' } });
  await new Promise((resolve) => server.close(resolve));
});

it('posts to Slack from a job thread, and brings its Retry-After back', async () => {
  writeFileSync(join(folder, 'token'), 'xoxb-file\n');
  const answers: [number, object][] = [
    [200, { ok: false, error: 'channel_not_found' }],
    [200, { ok: true }],
    [200, { ok: true }],
    [429, { ok: false, error: 'ratelimited' }],
  ];
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    const [status, body] = answers.shift() ?? [500, {}];
    response.writeHead(status, { 'retry-after': '17' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
  const job = handlerJob('slack', { endpoint, token: { file: join(folder, 'token') } });
  expect(await pool.run(job)).toMatchObject({ status: 'done' });
  expect(asked).toEqual([
    '/api/chat.postMessage Bearer xoxb-file',
    '/api/conversations.create Bearer xoxb-file',
    '/api/chat.postMessage Bearer xoxb-file',
  ]);
  expect(await pool.run(job)).toMatchObject({
    status: 'failed',
    error: { code: 'OPSBRO_HOST_DELIVERY', data: { retryAfterMs: 17_000 } },
  });
  await new Promise((resolve) => server.close(resolve));
});

it('leaves nothing behind that throws later', () => {
  expect(late).toEqual([]);
});
