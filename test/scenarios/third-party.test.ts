import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CheckView, PluginView } from '../../control/shapes.ts';
import { command, root } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const fixtures = join(root, 'test/fixtures/plugins/third-party');
const queue = `/tmp/opsbro-queue/${process.pid}`;
const servers: Server[] = [];
const told: string[] = [];
const lines: string[] = [];
let agent: RealAgent;

async function listen(server: Server): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  mkdirSync(queue, { recursive: true });
  for (const name of ['a', 'b', 'c']) writeFileSync(join(queue, name), '');
  const chat = createHttpServer(async (request, response) => {
    for await (const piece of request) told.push(String(piece));
    response.end();
  });
  // A plugin that is cut off resets its connection.
  const sink = createServer((socket) =>
    socket.on('error', () => undefined).on('data', (data) => lines.push(String(data))),
  );
  const mail = createServer((socket) =>
    socket.on('error', () => undefined).end('220 mail.example.org ready\r\n'),
  );
  const [chatPort, sinkPort, mailPort] = [await listen(chat), await listen(sink), await listen(mail)];
  agent = await startRealAgent({
    files: {
      ...Object.fromEntries(
        readdirSync(fixtures).map((name) => [
          `strangers/${name}`,
          readFileSync(join(fixtures, name), 'utf8'),
        ]),
      ),
      'queue.yml': `collector: {use: queue-depth, path: ${queue}, interval: 1s}\n`,
      'greeting.yml': `check: {use: banner, port: ${mailPort}, interval: 1s}\n`,
      'lines.yml': `check: {interval: 1s, critical_if: "count_lines('/etc/passwd', 'root') > 0", critical_output: "'found'", attempts: 1}\n`,
      'tell.yml': `handler: {use: chat, url: "http://127.0.0.1:${chatPort}/hook"}\n`,
      'out.yml': `plain-out: {port: ${sinkPort}, interval: 1s}\n`,
    },
  });
});

afterAll(async () => {
  await agent?.dispose();
  for (const server of servers) server.close();
  rmSync(queue, { recursive: true, force: true });
});

const until: RealAgent['until'] = (what, probe) => agent.until(what, probe, 90_000);

it('a plugin of each kind waits, asks in words, and runs once it is approved', async () => {
  const strangers = async () =>
    (await agent.get<PluginView[]>('/api/v1/plugins')).filter(({ origin }) => origin === 'third-party');
  const waiting = await until('six that wait', async () => {
    const found = await strangers();
    return found.filter(({ approval }) => approval === 'pending').length === 6 && found;
  });
  expect(new Set(waiting.map(({ kind }) => kind)).size).toBe(6);
  for (const { id } of waiting) {
    const { code, stderr } = await command(['--data', agent.data, 'plugins', 'approve', id, '--yes']);
    expect(code, stderr).toBe(0);
  }
  const checks = async (name: string) =>
    (await agent.get<CheckView[]>('/api/v1/checks')).find((check) => check.name === name);
  await until('what the collector measured', async () => {
    const shown = await agent.get<{ results?: { depth?: number } }>(
      '/api/v1/collectors/local/collector/queue',
    );
    return shown.results?.depth === 3;
  });
  await until('the group', async () =>
    JSON.stringify(await agent.get('/api/v1/groups')).includes('"memory-'),
  );
  const greeting = await until('the verdict', async () => {
    const found = await checks('greeting');
    return found?.state === 'ok' && found;
  });
  expect(greeting.output).toBe("it says '220 mail.example.org ready'");
  await until('the function', async () => (await checks('lines'))?.output === 'found');
  await until('a message', async () => told.some((text) => text.includes('found')));
  await until('the lines', async () => lines.join('').includes(' local/check/greeting ok\n'));
  // What it told is heard before its run has ended.
  await until('six that are well', async () => (await strangers()).every(({ state }) => state === 'ok'));
});
