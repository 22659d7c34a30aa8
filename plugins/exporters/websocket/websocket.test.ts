import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import {
  type CheckFact,
  type ClusterNode,
  type ExportedFacts,
  type Json,
  type Manifest,
  ports,
} from 'opsbro/sdk';
import { complianceSuite, type ServiceTestContext, serviceContext, testFacts } from 'opsbro/sdk/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import websocket from './index.ts';
import type { Options } from './options.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const defaults: Options = {
  ...{ address: '127.0.0.1', port: 0, names: [], origins: [], anonymous: 'read' },
  ...{ max_clients: 64, backlog: '1MiB' },
};
const secret = 'opsbro_secret';
const tokens = [
  ['reader', 'read', secret],
  ['pusher', 'push', 'pushes'],
].map(([name, scope, text = '']) => {
  return { name, scope, hash: createHash('sha256').update(text).digest('base64url'), expires_at: null };
}) as unknown as Json;

const sockets: WebSocket[] = [];
const plain: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  for (const socket of plain.splice(0)) socket.destroy();
  await websocket.stop();
});

const facts = (more: Partial<ExportedFacts> = {}): Json =>
  ({ ...testFacts(), groups: ['linux'], checks: [check('a', 'ok')], ...more }) as unknown as Json;
const check = (name: string, state: CheckFact['state'], more: Partial<CheckFact> = {}): CheckFact => ({
  ...{ id: `local/check/${name}`, name, display_name: name, pack: 'local', state, hard: true, output: state },
  ...{ long_output: '', perfdata: '', since: 1, last_run: 1, stale: false, labels: {}, ...more },
});
const node = (name: string, more: Partial<ClusterNode> = {}): ClusterNode => ({
  ...{ uuid: `uuid-${name}`, name, display_name: name, addresses: ['10.0.0.1'], port: 6768, zone: 'lan' },
  ...{ groups: ['linux'], state: 'alive', since: 1, incarnation: 1, version: '1', protocol: [1, 1] },
  ...{ proxy: false, checks_version: 0, failing: [], ...more },
});
const cluster = (...nodes: ClusterNode[]): Json =>
  ({ self: 'uuid-a', zone: 'lan', zones: [], nodes }) as unknown as Json;

async function start(options: Partial<Options> = {}, snapshots: { [topic: string]: Json } = {}) {
  const ctx = serviceContext<Options>({
    options: { ...defaults, ...options },
    snapshots: { facts: facts(), tokens, ...snapshots },
  });
  await websocket.start(ctx);
  const line = ctx.logs.find(({ message }) => message.startsWith('listens'))?.message ?? '';
  return { ctx, port: Number(/:(\d+)$/.exec(line)?.[1]) };
}

interface Frame {
  type: string;
  seq: number;
  stream?: string;
  data: { [key: string]: unknown };
  payload: { [key: string]: unknown };
}

/** Listens, and gives what came so far. */
async function listen(port: number, path = '/api/v1/stream', protocols: string[] = [], headers = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers });
  sockets.push(socket);
  const frames: Frame[] = [];
  socket.on('message', (text) => frames.push(JSON.parse(String(text))));
  await once(socket, 'open');
  return { socket, frames };
}

/** Status of a request to listen that is refused; 101 where it is not. */
function statusOf(port: number, headers: object = {}, protocols: string[] = []): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/stream`, protocols, {
    headers: { ...headers },
  });
  sockets.push(socket);
  return new Promise((resolve) => {
    socket.on('open', () => resolve(101));
    socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
    socket.on('error', () => resolve(0));
  });
}

function push(ctx: ServiceTestContext<Options>, state: CheckFact['state'], more = {}): void {
  ctx.push('facts', facts({ checks: [check('a', state)], ...more }));
}

describe('the stream', () => {
  it('begins with all there is, then numbers each change without a gap', async () => {
    const { ctx, port } = await start({}, { nodes: cluster(node('a')) });
    const { frames } = await listen(port);
    await expect.poll(() => frames.length).toBe(1);
    const [first] = frames as [Frame];
    expect(first).toMatchObject({
      type: 'snapshot',
      data: { groups: ['linux'], checks: [{ id: 'local/check/a', state: 'ok' }], nodes: [{ name: 'a' }] },
    });
    push(ctx, 'critical', { groups: ['linux', 'redis'] });
    ctx.push('facts', facts({ checks: [], groups: ['linux', 'redis'] }));
    ctx.push('nodes', cluster(node('a', { state: 'suspect' }), node('b')));
    ctx.push('nodes', cluster(node('b')));
    await expect.poll(() => frames.length).toBe(7);
    expect(frames.slice(1).map(({ type, seq }) => [type, seq - first.seq])).toEqual([
      ['check', 1],
      ['groups', 2],
      ['check-removed', 3],
      ['node', 4],
      ['node', 5],
      ['node-removed', 6],
    ]);
  });

  it('is written once for all who come before something is pushed', async () => {
    const { ctx, port } = await start();
    const write = vi.spyOn(JSON, 'stringify');
    const all = async (count: number) => {
      const came = await Promise.all(Array.from({ length: count }, () => listen(port)));
      await expect.poll(() => came.every(({ frames }) => frames.length === 1)).toBe(true);
      return came.map(({ frames }) => frames[0] as Frame);
    };
    const snapshots = () =>
      write.mock.calls.filter(([value]) => (value as Frame | undefined)?.type === 'snapshot').length;
    await all(20);
    expect(snapshots()).toBe(1);
    ctx.push('facts', facts({ checks: [check('a', 'ok', { last_run: 2 })] }));
    const [one, two] = await all(2);
    expect(one).toMatchObject({ seq: 1, data: { checks: [{ last_run: 2 }] } });
    expect(two).toEqual(one);
    expect(snapshots()).toBe(2);
    ctx.push('nodes', cluster(node('a')));
    expect((await all(1))[0]).toMatchObject({ seq: 2, data: { nodes: [{ name: 'a' }] } });
    write.mockRestore();
  });

  it('says nothing of a run that changed nothing', async () => {
    const { ctx, port } = await start();
    const { frames } = await listen(port);
    ctx.push('facts', facts({ checks: [check('a', 'ok', { last_run: 2 })] }));
    push(ctx, 'warning');
    await expect.poll(() => frames.length).toBe(2);
    expect(frames[1]).toMatchObject({ type: 'check', data: { state: 'warning' } });
  });

  it('goes on where a client left off, and begins anew where that is not known', async () => {
    const { ctx, port } = await start();
    const { socket, frames } = await listen(port);
    await expect.poll(() => frames.length).toBe(1);
    const { stream, seq } = frames[0] as Frame;
    socket.terminate();
    push(ctx, 'critical');
    push(ctx, 'ok');
    const at = (query: string) => listen(port, `/api/v1/stream?${query}`);
    const again = await at(`stream=${stream}&after=${seq}`);
    await expect.poll(() => again.frames.map(({ type }) => type)).toEqual(['resumed', 'check', 'check']);
    expect(again.frames.at(-1)?.seq).toBe(seq + 2);
    for (const query of [
      `stream=other&after=${seq}`,
      `stream=${stream}&after=x`,
      `stream=${stream}&after=${seq + 9}`,
    ]) {
      const { frames: anew } = await at(query);
      await expect.poll(() => anew[0]?.type).toBe('snapshot');
    }
    for (let round = 0; round < 1100; round += 1) push(ctx, round % 2 === 0 ? 'critical' : 'ok');
    const { frames: late } = await at(`stream=${stream}&after=${seq}`);
    await expect.poll(() => late[0]?.type).toBe('snapshot');
  });

  it('drops a client that does not read, and keeps the others', async () => {
    const { ctx, port } = await start({ backlog: '64KiB' });
    const slow = await listen(port);
    const { frames } = await listen(port);
    slow.socket.pause();
    const long = 'x'.repeat(200_000);
    let rounds = 0;
    await expect
      .poll(() => {
        rounds += 1;
        ctx.push(
          'facts',
          facts({
            checks: [check('a', rounds % 2 === 0 ? 'ok' : 'critical', { output: `${long}${rounds}` })],
          }),
        );
        return ctx.logs.some(({ message }) => message.startsWith('drops a client'));
      })
      .toBe(true);
    push(ctx, 'unknown');
    await expect.poll(() => frames.at(-1)?.data.state).toBe('unknown');
  });
});

describe('clients of the first OpsBro', () => {
  it('get a frame for each change of a node, and none at first', async () => {
    const { ctx, port } = await start({}, { nodes: cluster(node('a'), node('b')) });
    const { frames } = await listen(port, '/');
    ctx.push('nodes', cluster(node('a'), node('b', { state: 'dead', groups: ['redis'], incarnation: 2 })));
    ctx.push('nodes', cluster(node('a')));
    await expect.poll(() => frames.length).toBe(2);
    expect(frames[0]).toEqual({
      channel: 'gossip',
      payload: {
        ...{ name: 'b', display_name: 'b', addr: '10.0.0.1', port: 6768, uuid: 'uuid-b', incarnation: 2 },
        ...{ groups: ['redis'], services: {}, checks: {}, zone: 'lan', is_proxy: false },
        ...{ type: 'gossip::dead', state: 'dead' },
      },
    });
    expect(frames[1]?.payload).toMatchObject({ name: 'b', type: 'gossip::delete' });
  });

  it('hear of this host also where it is in no cluster', async () => {
    const { ctx, port } = await start();
    const { frames } = await listen(port, '/');
    push(ctx, 'critical');
    await expect.poll(() => frames.length).toBe(1);
    expect(frames[0]?.payload).toMatchObject({
      type: 'gossip::alive',
      checks: { 'local/check/a': { state_id: 2 } },
    });
  });
});

describe('who may listen', () => {
  it('is who comes from this host, or has a token that reads', async () => {
    const { port } = await start();
    const carried = { 'x-forwarded-for': '192.0.2.1' };
    expect(await statusOf(port)).toBe(101);
    expect(await statusOf(port, carried)).toBe(401);
    expect(await statusOf(port, { ...carried, authorization: `Bearer ${secret}` })).toBe(101);
    expect(await statusOf(port, carried, ['opsbro.v1', `bearer.${secret}`])).toBe(101);
    expect(await statusOf(port, { authorization: 'Bearer wrong' })).toBe(401);
    expect(await statusOf(port, { authorization: 'Bearer pushes' })).toBe(403);
  });

  it('is told by the configuration', async () => {
    const { port } = await start({ anonymous: 'none', origins: ['https://panel.example'] });
    const right = { authorization: `Bearer ${secret}` };
    expect(await statusOf(port)).toBe(401);
    expect(await statusOf(port, { ...right, origin: 'https://panel.example' })).toBe(101);
    expect(await statusOf(port, { ...right, origin: 'https://other.example' })).toBe(403);
    expect(await statusOf(port, { ...right, host: 'rebound.example' })).toBe(421);
  });

  it('ends with the token', async () => {
    const { ctx, port } = await start({ anonymous: 'none' });
    const { socket } = await listen(port, '/api/v1/stream', [], { authorization: `Bearer ${secret}` });
    const closed = once(socket, 'close');
    ctx.push('tokens', []);
    expect((await closed)[0]).toBe(1008);
  });

  it('come by http with a proof of it, and end with their token', async () => {
    const { ctx, port } = await start({ anonymous: 'none', max_clients: 1 });
    const { data } = ctx.published.find(({ topic }) => topic === 'stream') ?? {};
    const { key = '' } = { ...(data as { key: string }) };
    const nonce = 'dGhlIHNhbXBsZSBub25jZQ==';
    const prove = (side: string, coded: string, by = key) =>
      createHmac('sha256', by).update(`${side}\n${nonce}\n${coded}`).digest('base64url');
    const come = async (name: string, by = key) => {
      const coded = Buffer.from(name).toString('base64url');
      const socket = connect(port, '127.0.0.1');
      plain.push(socket);
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
      });
      socket.write(
        `GET /api/v1/stream HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${nonce}\r\nauthorization: Opsbro-Stream ${coded}.${prove('http', coded, by)}\r\n\r\n`,
      );
      await expect.poll(() => text).toContain('\r\n\r\n');
      const proof = /x-opsbro-proof: (\S+)/.exec(text)?.[1];
      return { socket, text: () => text, told: [Number(text.split(' ')[1]), proof] };
    };
    const proof = prove('websocket', '');
    expect((await come('reader', 'key of an earlier start')).told).toEqual([401, undefined]);
    expect((await come('gone')).told).toEqual([401, proof]);
    expect((await come('')).told).toEqual([401, proof]);
    const held = await come('reader');
    expect(held.told).toEqual([101, proof]);
    expect((await come('reader')).told).toEqual([503, proof]);
    ctx.push('tokens', []);
    await expect.poll(held.text).toContain('\u0003\u00f0the token is no longer valid');
    held.socket.destroy();
    await websocket.stop();
    expect(ctx.published.at(-1)).toEqual({ topic: 'stream', data: null });
  });

  it('are no more than the allowed ones', async () => {
    const { port } = await start({ max_clients: 1 });
    const { socket } = await listen(port);
    expect(await statusOf(port)).toBe(503);
    socket.terminate();
    await expect.poll(() => statusOf(port)).toBe(101);
  });

  it('find it on the port of the product, of loopback, unless told otherwise', () => {
    const { port, address } = (manifest.options?.properties ?? {}) as {
      [name: string]: { default: unknown };
    };
    expect([port?.default, address?.default, ports.websocket]).toEqual([6769, '127.0.0.1', 6769]);
  });

  it('are not answered by HTTP', async () => {
    const { port } = await start();
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(426);
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('exporter', folder, websocket, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
