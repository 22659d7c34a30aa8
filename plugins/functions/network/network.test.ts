import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Json, Manifest } from 'opsbro/sdk';
import { complianceSuite, hostContext } from 'opsbro/sdk/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkTcp } from './check-tcp.ts';
import network from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const never = new AbortController().signal;
const releases: (() => void)[] = [];
const call = async (name: string, ...args: Json[]): Promise<Json> =>
  network.functions[name]?.(hostContext(), ...args) ?? null;

afterEach(() => {
  for (const release of releases.splice(0)) release();
});

/** A listener whose backlog is full, so that the kernel drops every further SYN: a black hole on this host. */
async function blackHole(): Promise<number> {
  const program = `const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('fs').writeSync(1, String(s.address().port) + '\\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;
  const child: ChildProcess = spawn(process.execPath, ['-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  releases.push(() => child.kill('SIGKILL'));
  if (child.stdout === null) throw new Error('no standard output');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  for (let filled = 0; filled < 2; filled++) {
    const socket: Socket = connect(port, '127.0.0.1').on('error', () => {});
    releases.push(() => socket.destroy());
    await once(socket, 'connect');
  }
  return port;
}

for (const test of complianceSuite('functions', folder, network, manifest)) it(test.name, test.run);

it('implements exactly the functions of its manifest', () => {
  expect(Object.keys(network.functions)).toEqual(Object.keys(manifest.functions ?? {}));
});

describe('check_tcp', () => {
  it('is True for a port that accepts and False once it is closed', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await call('check_tcp', '127.0.0.1', port)).toBe(true);
    expect(await call('check_tcp', 'localhost', String(port), 5)).toBe(true);
    server.close();
    await once(server, 'close');
    expect(await call('check_tcp', '127.0.0.1', port)).toBe(false);
  });

  it('is False at its timeout for a black hole', async () => {
    expect(await call('check_tcp', '127.0.0.1', await blackHole(), 0.05)).toBe(false);
  });

  it('rejects when the call is cancelled while a black hole keeps silent', async () => {
    const port = await blackHole();
    const controller = new AbortController();
    const opened: Socket[] = [];
    const recorded = (target: { host: string; port: number }) => {
      const socket = connect(target);
      opened.push(socket);
      return socket;
    };
    const asked = checkTcp(controller.signal, recorded, '127.0.0.1', port);
    controller.abort();
    await expect(asked).rejects.toThrow('aborted');
    expect(opened[0]?.destroyed).toBe(true);
  });

  it('waits 10 seconds by default and 60 at most', async () => {
    const waits: number[] = [];
    const silent = (target: { host: string; port: number }) => {
      const socket = connect(target);
      socket.setTimeout = (ms) => {
        waits.push(ms);
        return socket;
      };
      return socket;
    };
    for (const timeout of [null, 3600, 2]) await checkTcp(never, silent, '127.0.0.1', 1, timeout);
    expect(waits).toEqual([10_000, 60_000, 2000]);
  });

  it('is False for a name that does not resolve', async () => {
    expect(await call('check_tcp', 'no-such-host.invalid', 80, 5)).toBe(false);
  });

  it.each([
    ['', 80, 10, 'the host must be'],
    ['127.0.0.1', 0, 10, '0 is not a port'],
    ['127.0.0.1', 65_536, 10, '65536 is not a port'],
    ['127.0.0.1', 'ssh', 10, '"ssh" is not a port'],
    ['127.0.0.1', 80, 0, 'the timeout must be'],
    ['127.0.0.1', 80, 'soon', 'the timeout must be'],
  ])('refuses host %j, port %j, timeout %j', async (host, port, timeout, message) => {
    await expect(checkTcp(never, connect, host, port, timeout)).rejects.toThrow(message);
  });
});

describe('names', () => {
  it('finds localhost both ways', async () => {
    expect(await call('host_to_ip', 'localhost')).toBe('127.0.0.1');
    expect(await call('ip_to_host', '127.0.0.1')).toMatch(/^[\w.-]+$/);
  });

  it.each(['', 'not an address', '999.1.1.1', 7])('has no name for %j', async (ip) => {
    expect(await call('ip_to_host', ip)).toBe('');
  });

  it.each(['', 'no-such-host.invalid', 'nul\0byte', null])('has no address for %j', async (host) => {
    expect(await call('host_to_ip', host)).toBe('');
  });

  it('rejects when the call is cancelled', async () => {
    const ctx = hostContext();
    ctx.abort();
    await expect(network.functions.host_to_ip?.(ctx, 'localhost')).rejects.toThrow();
  });
});
