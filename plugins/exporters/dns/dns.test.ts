import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import dns2 from 'dns2';
import type { Json, Manifest, NodeDetailsSnapshot, NodesSnapshot, RouteRequest } from 'opsbro/sdk';
import { complianceSuite, serviceContext } from 'opsbro/sdk/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import dns from './index.ts';
import type { Options } from './options.ts';
import { cluster, defaultOptions, node } from './sample-cluster.ts';

const { Packet } = dns2;
const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
afterEach(() => dns.stop());

const now = Date.now();
const three = cluster(
  node('web-1', { addresses: ['10.0.0.1', 'fe80::1'], groups: ['linux', 'redis'] }),
  node('web-2', { addresses: ['10.0.0.2'], groups: ['linux', 'redis', 'os::Debian'] }),
  node('db.example.com', {
    addresses: ['10.0.0.3'],
    groups: ['linux', 'mysql'],
    zone: 'dc-2',
    failing: ['mysql'],
  }),
);
const details: NodeDetailsSnapshot = {
  'uuid-web-1': {
    uuid: 'uuid-web-1',
    version: 1,
    checks: [
      {
        id: 'linux/check/load',
        name: 'load',
        pack: 'linux',
        state: 'warning',
        hard: true,
        since: now - 65_000,
        output: '',
        perfdata: '',
      },
    ],
  },
};

/** Starts the service and gives its port. */
async function start(options: Partial<Options> = {}, nodes: NodesSnapshot | null = three): Promise<number> {
  const snapshots: { [topic: string]: Json } = {};
  if (nodes !== null) snapshots.nodes = nodes as unknown as Json;
  snapshots['node-details'] = details as unknown as Json;
  const ctx = serviceContext({ options: { ...defaultOptions, ...options }, snapshots });
  await dns.start({ ...ctx, clock: { now: () => now, monotonic: () => now } });
  return Number(ctx.logs.map(({ message }) => /:(\d+)$/.exec(message)?.[1]).find(Boolean));
}

interface Reply {
  bytes: Buffer;
  rcode: number;
  isCut: boolean;
  answers: string[];
  extra: string[];
  authority: number;
}

function query(name: string, type: number, more: Buffer = Buffer.alloc(0)): Buffer {
  const packet = new Packet(new Packet.Header({ id: 7, rd: 1 }));
  packet.questions.push(new Packet.Question(name, type, Packet.CLASS.IN));
  const bytes = packet.toBuffer();
  if (more.length > 0) bytes[11] = 1;
  return Buffer.concat([bytes, more]);
}

function shown(resource: { [key: string]: unknown }): string {
  const { address, domain, target, port, data, primary } = resource;
  if (target !== undefined) return `${String(target)}:${String(port)}`;
  return [address, domain, primary, data].flat().filter(Boolean).join(' ');
}

function read(bytes: Buffer): Reply {
  const { header, answers, additionals, authorities } = Packet.parse(bytes);
  const texts = (list: unknown[]) => list.map((one) => shown(one as { [key: string]: unknown }));
  return {
    bytes,
    rcode: header.rcode,
    isCut: header.tc === 1,
    answers: texts(answers),
    extra: texts(additionals),
    authority: authorities.length,
  };
}

async function ask(port: number, name: string, type: number, more?: Buffer): Promise<Reply> {
  const socket = createSocket('udp4');
  socket.send(query(name, type, more), port, '127.0.0.1');
  const [bytes] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return read(bytes);
}

async function askTcp(port: number, name: string, type: number): Promise<Reply> {
  const socket = connect(port, '127.0.0.1');
  const asked = query(name, type);
  const length = Buffer.from([asked.length >> 8, asked.length & 255]);
  for (const byte of [...length, ...asked]) socket.write(Buffer.from([byte]));
  let bytes = Buffer.alloc(0);
  while (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    bytes = Buffer.concat([bytes, chunk]);
  }
  socket.destroy();
  return read(bytes.subarray(2));
}

const { A, AAAA, SRV, TXT, PTR, SOA, ANY } = Packet.TYPE;

for (const test of complianceSuite('exporter', folder, dns, manifest, {
  options: { ...defaultOptions } as never,
}))
  it.skipIf(test.skip !== undefined)(test.name, test.run);

describe('names', () => {
  it.each([
    ['web-1.name.lan.opsbro', A, ['10.0.0.1']],
    ['WEB-1.Name.LAN.OpsBro', A, ['10.0.0.1']],
    ['web-1.name.lan.opsbro', AAAA, ['fe80::1']],
    ['uuid-web-2.uuid.lan.opsbro', A, ['10.0.0.2']],
    ['db.example.com.name.dc-2.opsbro', A, ['10.0.0.3']],
    ['os--debian.group.lan.opsbro', A, ['10.0.0.2']],
    ['linux.group.dc-2.opsbro', A, ['10.0.0.3']],
    ['1.0.0.10.in-addr.arpa', PTR, ['web-1.name.lan.opsbro']],
    ['load.check.web-1.lan.opsbro', TXT, ['state=warning age=65s check=linux/check/load']],
    ['opsbro', SOA, ['ns.opsbro']],
  ])('%s %i', async (name, type, answers) => {
    const reply = await ask(await start(), name, type);
    expect([reply.rcode, reply.answers]).toEqual([0, answers]);
  });

  it.each([
    ['mysql.group.dc-2.opsbro', A, 0, 1],
    ['redis.group.dc-2.opsbro', A, 3, 1],
    ['nothing.group.lan.opsbro', A, 3, 1],
    ['group.lan.opsbro', A, 0, 1],
    ['com.name.dc-2.opsbro', A, 0, 1],
    ['web-1.lan.opsbro', TXT, 0, 1],
    ['_redis._tcp.lan.opsbro', SRV, 0, 1],
    ['web-2.name.lan.opsbro', AAAA, 0, 1],
    ['other.check.web-1.lan.opsbro', TXT, 3, 1],
    ['example.org', A, 5, 0],
    ['9.9.9.9.in-addr.arpa', PTR, 5, 0],
  ])('%s %i has no answer, code %i', async (name, type, rcode, authority) => {
    const reply = await ask(await start(), name, type);
    expect([reply.rcode, reply.answers, reply.authority]).toEqual([rcode, [], authority]);
  });

  it('takes a zone that nobody knows for all zones, unless told to be strict', async () => {
    const all = await ask(await start(), 'linux.group.dc1.opsbro', A);
    expect(all.answers.sort()).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    await dns.stop();
    expect(await ask(await start({ strict_zone: true }), 'linux.group.dc1.opsbro', A)).toMatchObject({
      rcode: 3,
    });
  });

  it('gives SRV the port of the group, and addresses beside it', async () => {
    const reply = await ask(await start({ ports: { redis: 6379 } }), '_redis._tcp.lan.opsbro', SRV);
    expect(reply.answers.sort()).toEqual(['web-1.name.lan.opsbro:6379', 'web-2.name.lan.opsbro:6379']);
    expect(reply.extra.sort()).toEqual(['10.0.0.1', '10.0.0.2', 'fe80::1']);
  });

  it('takes the port from the parameters of the pack of that name', async () => {
    const shown = [
      { id: 'linux/parameters', keys: [{ key: 'port', value: 'none' }] },
      {
        id: 'all/parameters',
        keys: [
          { key: 'ports.redis', value: 1 },
          { key: 'ports.mysql', value: 3306 },
          { key: 'ports.OS::Debian', value: 22 },
        ],
      },
      { id: 'applications/redis/parameters', keys: [{ key: 'port', value: 6380 }] },
    ];
    const body = new TextEncoder().encode(JSON.stringify(shown));
    let asked: RouteRequest | undefined;
    const ctx = serviceContext({
      options: defaultOptions,
      snapshots: { nodes: three as unknown as Json, routes: [] },
      ask: async (request) => {
        asked = request;
        return { status: 200, type: 'application/json', body };
      },
    });
    await dns.start(ctx);
    const port = Number(ctx.logs.map(({ message }) => /:(\d+)$/.exec(message)?.[1]).find(Boolean));
    await expect
      .poll(async () => (await ask(port, '_redis._tcp.lan.opsbro', SRV)).answers.sort())
      .toEqual(['web-1.name.lan.opsbro:6380', 'web-2.name.lan.opsbro:6380']);
    expect(asked).toMatchObject({ method: 'GET', params: { id: 'parameters' } });
    expect((await ask(port, '_linux._tcp.lan.opsbro', SRV)).answers).toEqual([]);
    expect((await ask(port, '_os--debian._tcp.lan.opsbro', SRV)).answers).toEqual([
      'web-2.name.lan.opsbro:22',
    ]);
  });

  it('answers ANY with the least there is', async () => {
    expect((await ask(await start(), 'web-1.name.lan.opsbro', ANY)).bytes.includes('RFC8482')).toBe(true);
  });
});

it('answers suspects only where nobody alive passes, and never the dead', async () => {
  const group = { groups: ['redis'] };
  const suspect = node('b', { ...group, addresses: ['10.0.0.2'], state: 'suspect' });
  const dead = node('c', { ...group, addresses: ['10.0.0.3'], state: 'dead' });
  const port = await start({}, cluster(node('a', group), suspect, dead));
  expect((await ask(port, 'redis.group.lan.opsbro', A)).answers).toEqual(['10.0.0.1']);
  await dns.stop();
  const failing = node('a', { ...group, failing: ['redis'] });
  const second = await start({}, cluster(failing, suspect, dead));
  expect((await ask(second, 'redis.group.lan.opsbro', A)).answers).toEqual(['10.0.0.2']);
});

it('takes nodes of a zone that is out of reach for suspects', async () => {
  const group = { groups: ['redis'] };
  const far = node('b', { ...group, zone: 'dmz', addresses: ['10.0.0.2'] });
  const lost = (...nodes: ReturnType<typeof node>[]) => ({
    ...cluster(...nodes),
    zones: [{ name: 'dmz', parent: 'lan', unreachable: true }],
  });
  const port = await start({}, lost(node('a', group), far));
  expect((await ask(port, 'redis.group.all.opsbro', A)).answers).toEqual(['10.0.0.1']);
  await dns.stop();
  const alone = await start({}, lost(node('a'), far));
  expect((await ask(alone, 'redis.group.all.opsbro', A)).answers).toEqual(['10.0.0.2']);
});

it('lets each record of an answer be first in turn', async () => {
  const port = await start();
  const firsts = new Set<string | undefined>();
  for (let round = 0; round < 3; round += 1)
    firsts.add((await ask(port, 'linux.group.all.opsbro', A)).answers[0]);
  expect(firsts.size).toBe(3);
});

it('echoes the question as it was spelt, and the OPT record', async () => {
  const opt = Buffer.from([0, 0, 41, 0x10, 0, 0, 0, 0x80, 0, 0, 0]);
  const { bytes, answers } = await ask(await start(), 'wEb-1.NAME.lan.opsbro', A, opt);
  expect(bytes.includes('wEb-1')).toBe(true);
  expect(answers).toEqual(['10.0.0.1']);
  expect([...bytes.subarray(-11)]).toEqual([0, 0, 41, 1232 >> 8, 1232 & 255, 0, 0, 0x80, 0, 0, 0]);
});

it('refuses a version of EDNS that it does not speak', async () => {
  const opt = Buffer.from([0, 0, 41, 0x10, 0, 0, 1, 0, 0, 0, 0]);
  expect((await ask(await start(), 'web-1.name.lan.opsbro', A, opt)).rcode).toBe(16);
});

it('cuts what UDP has no room for, and gives all over TCP', async () => {
  const nodes = Array.from({ length: 100 }, (_, index) =>
    node(`n${index}`, { addresses: [`10.0.1.${index}`], groups: ['big'] }),
  );
  const port = await start({}, cluster(...nodes));
  const small = await ask(port, 'big.group.lan.opsbro', A);
  expect([small.isCut, small.answers.length, small.bytes.length < 512]).toEqual([true, 0, true]);
  const all = await askTcp(port, 'big.group.lan.opsbro', A);
  expect([all.isCut, new Set(all.answers).size]).toEqual([false, 100]);
});

it('says that it cannot tell before it knows any nodes', async () => {
  expect((await ask(await start({}, null), 'web-1.name.lan.opsbro', A)).rcode).toBe(2);
});

it('names the port that another program has', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await expect(start({ port })).rejects.toThrow(`127.0.0.1:${port} is in use`);
  socket.close();
});
