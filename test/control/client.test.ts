import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createRawServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ControlClient, createControlClient } from '../../control/client.ts';
import { prepareSocket } from '../../control/socket-path.ts';

let data: string;
let open: { close(): unknown }[];

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'opsbro-client-'));
  open = [];
});

afterEach(() => {
  for (const server of open) server.close();
  rmSync(data, { recursive: true, force: true });
});

async function serve(answer: RequestListener): Promise<ControlClient> {
  mkdirSync(join(data, 'run'), { recursive: true });
  const client = createControlClient(data);
  const server: Server = createServer(answer);
  open.push({ close: () => server.close(() => undefined).closeAllConnections() });
  await new Promise<void>((resolve) => server.listen(client.socket, resolve));
  return client;
}

describe('control client', () => {
  it('sends a JSON body and returns the JSON answer', async () => {
    const client = await serve((request, response) => {
      let text = '';
      request.on('data', (chunk) => {
        text += chunk;
      });
      request.on('end', () => {
        const { method, url, headers } = request;
        response.end(JSON.stringify({ method, url, type: headers['content-type'], body: JSON.parse(text) }));
      });
    });
    expect(await client.request('POST', '/api/v1/x?y=1', { é: [1, null] })).toEqual({
      method: 'POST',
      url: '/api/v1/x?y=1',
      type: 'application/json',
      body: { é: [1, null] },
    });
  });

  it('names the socket when no agent runs', async () => {
    const client = createControlClient(data);
    await expect(client.request('GET', '/api/v1/agent')).rejects.toMatchObject({
      code: 'OPSBRO_AGENT_NOT_RUNNING',
      message: expect.stringContaining(join(data, 'run', 'opsbro.sock')),
    });
  });

  it('finds an agent that came later and had to move its socket', async () => {
    const long = join(data, 'd'.repeat(100));
    const client = createControlClient(long);
    await expect(client.request('GET', '/')).rejects.toMatchObject({ code: 'OPSBRO_AGENT_NOT_RUNNING' });
    const server = createServer((_, response) => void response.end('1'));
    open.push({ close: () => server.close().closeAllConnections() });
    const path = prepareSocket(long, process.getuid?.() ?? 0, data);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    expect(await client.request('GET', '/')).toBe(1);
    expect(client.socket).toBe(path);
  });

  it('names the socket when a dead agent left it behind', async () => {
    mkdirSync(join(data, 'run'));
    writeFileSync(join(data, 'run', 'opsbro.sock'), '');
    await expect(createControlClient(data).request('GET', '/api/v1/agent')).rejects.toMatchObject({
      code: 'OPSBRO_AGENT_NOT_RUNNING',
    });
  });

  it("says that another user's socket is another user's", async () => {
    const client = await serve((_, response) => response.end('null'));
    chmodSync(client.socket, 0);
    const isRoot = process.getuid?.() === 0;
    // Root may open anything, so it becomes nobody for one request.
    if (isRoot) process.seteuid?.(65_534);
    const answer = client.request('GET', '/');
    try {
      await expect(answer).rejects.toMatchObject({ code: 'OPSBRO_HOST_DENIED' });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it('gives up at the deadline when the agent is silent', async () => {
    const client = await serve(() => undefined);
    await expect(client.request('GET', '/api/v1/agent', undefined, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'OPSBRO_API_DEADLINE',
    });
  });

  it('gives up at the deadline when the agent stops in the middle of an answer', async () => {
    const client = await serve((_, response) => void response.write('{"half":'));
    await expect(client.request('GET', '/api/v1/agent', undefined, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'OPSBRO_API_DEADLINE',
    });
  });

  it('reports a connection that breaks', async () => {
    mkdirSync(join(data, 'run'));
    const client = createControlClient(data);
    const server = createRawServer((connection) => connection.destroy());
    open.push(server);
    await new Promise<void>((resolve) => server.listen(client.socket, resolve));
    await expect(client.request('GET', '/')).rejects.toMatchObject({ code: 'OPSBRO_AGENT_NOT_RUNNING' });
  });

  it.each([
    [
      404,
      { error: { code: 'OPSBRO_API_NOT_FOUND', message: "no check 'x'" } },
      'OPSBRO_API_NOT_FOUND',
      "no check 'x'",
    ],
    [400, { error: { code: 'OPSBRO_CONFIG_SYNTAX', message: 'bad' } }, 'OPSBRO_CONFIG_SYNTAX', 'bad'],
    [500, { error: { code: 'toString', message: 'odd' } }, 'OPSBRO_API_INVALID', 'odd'],
    [404, null, 'OPSBRO_API_NOT_FOUND', 'the agent answered GET /x with 404'],
    [502, 'text', 'OPSBRO_API_INVALID', 'the agent answered GET /x with 502'],
  ])('turns a %s answer into its error', async (status, body, code, message) => {
    const client = await serve((_, response) => response.writeHead(status).end(JSON.stringify(body)));
    await expect(client.request('GET', '/x')).rejects.toMatchObject({ code, message });
  });

  it('refuses an answer that is not JSON', async () => {
    const client = await serve((_, response) => response.end('<html>'));
    await expect(client.request('GET', '/')).rejects.toMatchObject({ code: 'OPSBRO_API_INVALID' });
  });

  it('refuses a request over 8 MiB before it sends anything', async () => {
    const client = createControlClient(data);
    await expect(client.request('POST', '/', 'x'.repeat(8 * 1024 * 1024))).rejects.toMatchObject({
      code: 'OPSBRO_API_INVALID',
    });
  });

  it('refuses an answer over 64 MiB', async () => {
    const answer = `"${'x'.repeat(64 * 1024 * 1024)}"`;
    const client = await serve((_, response) => void response.end(answer));
    const asked = client.request('GET', '/', undefined, { timeoutMs: 120_000 });
    await expect(asked).rejects.toMatchObject({ code: 'OPSBRO_API_INVALID' });
  });
});
