import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ControlRoute, RouteTable } from '../../control/route-table.ts';
import { ControlServer } from '../../control/server.ts';
import { OpsbroError } from '../../core/errors.ts';

let scratch: string;
let socket: string;
let server: ControlServer;
let reopened = 0;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-server-'));
  socket = join(scratch, 'sock');
});

afterEach(async () => {
  await server.close(0);
  rmSync(scratch, { recursive: true, force: true });
});

async function serve(handle: ControlRoute['handle'], form = false): Promise<void> {
  const route: ControlRoute = { method: 'POST', path: '/api/v1/x', scope: 'write', form, handle };
  reopened = 0;
  server = new ControlServer(new RouteTable([route]), () => {
    reopened += 1;
  });
  await server.listen(() => {
    mkdirSync(scratch, { recursive: true });
    return socket;
  });
}

function post(path: string, body = '', headers = {}): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: socket, method: 'POST', path, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('control server', () => {
  it('gives a route its query and body, and answers with its status', async () => {
    await serve(({ query, body }) => ({ status: 201, body: { query, body } }));
    expect(await post('/api/v1/x?a=1', '{"b":2}')).toEqual({
      status: 201,
      body: { query: { a: '1' }, body: { b: 2 } },
    });
  });

  it('gives a route that takes forms all fields in order', async () => {
    await serve(({ query, body, fields }) => ({ body: { query, body, fields: fields ?? null } }), true);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const { body } = await post('/api/v1/x?a=1&a=2', 'a=3&b=%26', headers);
    expect(body).toEqual({
      query: { a: '2' },
      body: null,
      fields: [
        ['a', '1'],
        ['a', '2'],
        ['a', '3'],
        ['b', '&'],
      ],
    });
  });

  it.each<[string, number, string, ControlRoute['handle']]>([
    [
      'OPSBRO_API_NOT_FOUND',
      404,
      'gone',
      () => {
        throw new OpsbroError('OPSBRO_API_NOT_FOUND', 'gone');
      },
    ],
    ['OPSBRO_AGENT_BUSY', 503, 'full', () => Promise.reject(new OpsbroError('OPSBRO_AGENT_BUSY', 'full'))],
    ['OPSBRO_API_INVALID', 500, 'a bug', () => Promise.reject(new Error('a bug'))],
  ])('answers %s with %s', async (code, status, message, handle) => {
    await serve(handle);
    expect(await post('/api/v1/x')).toEqual({ status, body: { error: { code, message } } });
  });

  it('refuses what is no route, no JSON or too large, and says so', async () => {
    await serve(() => ({ body: null }));
    expect(await post('/api/v1/y')).toMatchObject({ status: 404 });
    expect(await post('/api/v1/x', '{')).toMatchObject({
      status: 400,
      body: { error: { message: 'the body is not JSON' } },
    });
    expect(await post('/api/v1/x', 'x'.repeat(9 * 1024 * 1024))).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('the body is over') } },
    });
  });

  it('replaces a socket that a dead agent left, and lets its owner alone in', async () => {
    writeFileSync(socket, '');
    await serve(() => ({ body: 1 }));
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(await post('/api/v1/x')).toEqual({ status: 200, body: 1 });
  });

  it('listens again where its socket was removed or replaced, and lets who talks end', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    await serve(async ({ body }) => {
      if (body === 'slow') await gate;
      return { body };
    });
    await server.check();
    expect(reopened).toBe(0);
    const slow = post('/api/v1/x', '"slow"');
    expect(await post('/api/v1/x', '1')).toMatchObject({ status: 200 });
    rmSync(scratch, { recursive: true });
    await server.check();
    expect(await post('/api/v1/x', '2')).toEqual({ status: 200, body: 2 });
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    rmSync(socket);
    writeFileSync(socket, '');
    await Promise.all([server.check(), server.check()]);
    expect(await post('/api/v1/x', '3')).toEqual({ status: 200, body: 3 });
    expect(reopened).toBe(2);
    release();
    expect(await slow).toEqual({ status: 200, body: 'slow' });
    await server.close(0);
    rmSync(socket, { force: true });
    await server.check();
    await expect(post('/api/v1/x', '4')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('tries again later where it cannot listen again', async () => {
    await serve(() => ({ body: null }));
    rmSync(scratch, { recursive: true });
    writeFileSync(scratch, '');
    await server.check();
    rmSync(scratch);
    await server.check();
    expect(await post('/api/v1/x', '1')).toMatchObject({ status: 200 });
  });

  it('rejects when it cannot listen', async () => {
    server = new ControlServer(new RouteTable([]));
    await expect(server.listen(() => join(scratch, 'none', 'sock'))).rejects.toThrow(/ENOENT|EACCES/);
  });

  it('survives a connection that cannot be accepted', async () => {
    await serve(() => ({ body: 1 }));
    const handles = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles();
    const listening = handles.find((handle) => handle instanceof Server && handle.address() === socket);
    expect((listening as Server).emit('error', new Error('accept EMFILE'))).toBe(true);
    expect(await post('/api/v1/x')).toEqual({ status: 200, body: 1 });
  });

  it('closes in its time though a client holds its connection', async () => {
    await serve(() => new Promise(() => undefined));
    const client = connect(socket);
    await new Promise((resolve) => client.once('connect', resolve));
    client.write('POST /api/v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
    const ended = new Promise((resolve) => client.once('close', resolve));
    client.on('error', () => undefined);
    await server.close(10);
    await ended;
    await server.close(10);
  });
});
