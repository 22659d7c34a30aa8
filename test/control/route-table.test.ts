import { statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RouteTable } from '../../control/route-table.ts';
import { ControlServer } from '../../control/server.ts';
import { OpsbroError } from '../../core/errors.ts';
import { scratchDirectory } from '../scratch.ts';

function table(): RouteTable {
  return new RouteTable([
    { method: 'GET', path: '/api/v1/things', scope: 'read', handle: ({ query }) => ({ body: query }) },
    {
      method: 'POST',
      path: '/api/v1/things/:name/run',
      scope: 'write',
      handle: ({ params, body }) => ({ body: { params, body } }),
    },
    { method: 'GET', path: '/form', scope: 'read', form: true, handle: () => ({ body: null }) },
    { method: 'GET', path: '/api/v1/things/*id', scope: 'read', handle: ({ params }) => ({ body: params }) },
    {
      method: 'GET',
      path: '/fails',
      scope: 'read',
      handle() {
        throw new OpsbroError('OPSBRO_API_INVALID', 'because');
      },
    },
    {
      method: 'GET',
      path: '/breaks',
      scope: 'read',
      handle() {
        throw new TypeError('inside');
      },
    },
  ]);
}

describe('route table', () => {
  it.each([
    ['GET', '/api/v1/things', '/api/v1/things', {}],
    ['POST', '/api/v1/things/a%2Fb/run', '/api/v1/things/:name/run', { name: 'a/b' }],
    ['GET', '/api/v1/things/pack/check/x', '/api/v1/things/*id', { id: 'pack/check/x' }],
    ['GET', '/form/', '/form', {}],
  ])('%s %s matches %s', (method, path, expected, params) => {
    const match = table().match(method, path);
    expect(match.route.path).toBe(expected);
    expect(match.params).toEqual(params);
  });

  it.each([
    ['DELETE', '/api/v1/things', 'OPSBRO_API_NOT_FOUND'],
    ['GET', '/api/v1', 'OPSBRO_API_NOT_FOUND'],
    ['GET', '/form//', 'OPSBRO_API_NOT_FOUND'],
    ['GET', '/fails/', 'OPSBRO_API_NOT_FOUND'],
    ['GET', '/api/v1/things/%zz', 'OPSBRO_API_INVALID'],
  ])('%s %s is refused with %s', (method, path, code) => {
    expect(() => table().match(method, path)).toThrow(expect.objectContaining({ code }));
  });

  it('shows its routes without what answers them, and finds one by its declaration', () => {
    const [first] = table().views();
    expect(first).toEqual({ method: 'GET', path: '/api/v1/things', scope: 'read' });
    expect(table().find('GET', '/api/v1/things/*id').scope).toBe('read');
    const code = 'OPSBRO_API_NOT_FOUND';
    for (const [method, path] of [
      ['PUT', '/fails'],
      ['GET', '/api/v1/things/a'],
    ] as const)
      expect(() => table().find(method, path)).toThrow(expect.objectContaining({ code }));
  });
});

describe('control server', () => {
  const servers: ControlServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close(100);
  });

  async function serve(): Promise<string> {
    const server = new ControlServer(table());
    servers.push(server);
    const path = join(scratchDirectory(), 'a.sock');
    writeFileSync(path, 'left by an agent that died');
    await server.listen(() => path);
    return path;
  }

  function ask(
    socketPath: string,
    method: string,
    path: string,
    body?: string,
  ): Promise<{ status: number; body: unknown }> {
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath, method, path }, (response) => {
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

  it('listens on a socket that only its owner may open', async () => {
    const path = await serve();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['GET', '/api/v1/things?a=1', undefined, 200, { a: '1' }],
    ['POST', '/api/v1/things/x/run', '{"b":2}', 200, { params: { name: 'x' }, body: { b: 2 } }],
    [
      'POST',
      '/api/v1/things/x/run',
      '{',
      400,
      { error: { code: 'OPSBRO_API_INVALID', message: 'the body is not JSON' } },
    ],
    [
      'GET',
      '/nowhere',
      undefined,
      404,
      { error: { code: 'OPSBRO_API_NOT_FOUND', message: 'no route GET /nowhere' } },
    ],
    ['GET', '/fails', undefined, 400, { error: { code: 'OPSBRO_API_INVALID', message: 'because' } }],
  ])('%s %s answers', async (method, path, body, status, expected) => {
    expect(await ask(await serve(), method, path, body)).toEqual({ status, body: expected });
  });

  it('answers 500 to what it did not expect, and goes on', async () => {
    const socket = await serve();
    expect((await ask(socket, 'GET', '/breaks')).status).toBe(500);
    expect((await ask(socket, 'GET', '/api/v1/things')).status).toBe(200);
  });
});
