import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, hostContext, runVerb } from 'opsbro/sdk/testing';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseEndpoint } from './address.ts';
import openports from './index.ts';
import { parseSockets, portsOf } from './sockets.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

const options = { max_sockets: 500 };
const debian = new URL('testdata/debian-12-linux-6.18/', folder);

describe('parseEndpoint', () => {
  it.each([
    ['0100007F:0016', 'LE', { ip: '127.0.0.1', port: 22 }],
    ['7F000001:0016', 'BE', { ip: '127.0.0.1', port: 22 }],
    ['00000000000000000000000000000000:0050', 'LE', { ip: '::', port: 80 }],
    ['00000000000000000000000001000000:FFFF', 'LE', { ip: '::1', port: 65535 }],
    ['00000000000000000000000000000001:FFFF', 'BE', { ip: '::1', port: 65535 }],
    ['0000000000000000FFFF00000100007F:1F90', 'LE', { ip: '::ffff:127.0.0.1', port: 8080 }],
    ['B80D0120000000000000000001000000:0001', 'LE', { ip: '2001:db8::1', port: 1 }],
    ['B80D0120000000000000010000000100:0001', 'LE', { ip: '2001:db8::1:0:1:0', port: 1 }],
    ['B80D01200000010000000100FFFF0100:0001', 'LE', { ip: '2001:db8:1:0:1:0:1:ffff', port: 1 }],
    ['0100007F', 'LE', undefined],
    ['0100007F:16', 'LE', undefined],
    ['0100007F00:0016', 'LE', undefined],
    ['XYZ0007F:0016', 'LE', undefined],
    ['', 'LE', undefined],
  ] as const)('decodes %s written by a %s machine', (text, order, endpoint) => {
    expect(parseEndpoint(text, order)).toEqual(endpoint);
  });
});

describe('parseSockets', () => {
  const listening =
    '   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1';
  it.each([
    ['a listening socket without a line end', listening, [22]],
    ['an empty table', '', []],
    ['a cut line', '   0: 0100007F:0016 00000000:00', []],
    ['a line of another shape', 'x 0A y 0A z', []],
    [
      'a queue that looks like the state',
      listening.replace(' 0A ', ' 01 ').replace(':00000000 00:', ' 0A '),
      [],
    ],
  ])('reads %s', (_, table, ports) => expect(portsOf(parseSockets(table, 'tcp', 'LE'))).toEqual(ports));

  it('leaves out UDP sockets that are connected to a peer', () => {
    const connected = listening.replace('00000000:0000 0A', '08080808:0035 07');
    expect(parseSockets(connected, 'udp', 'LE')).toEqual([]);
  });
});

describe('collector/openports', () => {
  it('yields TCP and UDP, IPv4 and IPv6 of a current kernel', async () => {
    expect(await runVerb(openports, fixtureContext({ root: debian, options }))).toEqual({
      status: 'done',
      value: {
        ports: [22, 68, 546, 5432, 6379],
        tcp: [22, 5432, 6379],
        udp: [68, 546],
        details: {
          tcp: [
            { proto: 'tcp', source: '127.0.0.1:5432', dest: '0.0.0.0:*', state: 'LISTEN' },
            { proto: 'tcp', source: '0.0.0.0:22', dest: '0.0.0.0:*', state: 'LISTEN' },
            { proto: 'tcp6', source: ':::22', dest: ':::*', state: 'LISTEN' },
            { proto: 'tcp6', source: '::1:6379', dest: ':::*', state: 'LISTEN' },
          ],
          udp: [
            { proto: 'udp', source: '0.0.0.0:68', dest: '0.0.0.0:*', state: '' },
            { proto: 'udp6', source: 'fe80::5054:ff:fef1:d0e2:546', dest: ':::*', state: '' },
          ],
        },
        sockets: { tcp: 4, udp: 2 },
      },
    });
  });

  it('yields what an old kernel without IPv6 has', async () => {
    const root = new URL('testdata/centos-6-linux-2.6.32/', folder);
    expect(await runVerb(openports, fixtureContext({ root, options }))).toEqual({
      status: 'done',
      value: {
        ports: [22, 111],
        tcp: [22, 111],
        udp: [111],
        details: {
          tcp: [
            { proto: 'tcp', source: '0.0.0.0:111', dest: '0.0.0.0:*', state: 'LISTEN' },
            { proto: 'tcp', source: '0.0.0.0:22', dest: '0.0.0.0:*', state: 'LISTEN' },
          ],
          udp: [{ proto: 'udp', source: '0.0.0.0:111', dest: '0.0.0.0:*', state: '' }],
        },
        sockets: { tcp: 2, udp: 1 },
      },
    });
  });

  it('cuts the details of each protocol, not the ports', async () => {
    const ctx = fixtureContext({ root: debian, options: { max_sockets: 1 } });
    const outcome = await runVerb(openports, ctx);
    expect(outcome).toMatchObject({ value: { tcp: [22, 5432, 6379], sockets: { tcp: 4, udp: 2 } } });
    expect(outcome).toMatchObject({ value: { details: { tcp: [{}], udp: [{}] } } });
  });

  it('reads the network of process 1 when HOST_PROC is set', async () => {
    const line =
      '   0: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1';
    const files = { '/proc/1/net/tcp': line };
    const ctx = fixtureContext({ root: debian, options, files, env: { HOST_PROC: '/host/proc' } });
    expect(await runVerb(openports, ctx)).toMatchObject({ value: { tcp: [22, 25, 6379] } });
  });

  it('yields empty lists where nothing listens', async () => {
    const ctx = fixtureContext({ options, files: { '/proc/net/tcp': '' } });
    expect(await runVerb(openports, ctx)).toEqual({
      status: 'done',
      value: { ports: [], tcp: [], udp: [], details: { tcp: [], udp: [] }, sockets: { tcp: 0, udp: 0 } },
    });
  });

  it('is not eligible without the tables', async () => {
    expect((await runVerb(openports, fixtureContext({ options }))).status).toBe('not-eligible');
  });
});

describe.skipIf(process.platform !== 'linux')('on this host (Linux only)', () => {
  it('sees a socket that starts and stops to listen', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await runVerb(openports, hostContext({ options }))).toMatchObject({
      value: { tcp: expect.arrayContaining([port]), ports: expect.arrayContaining([port]) },
    });
    server.close();
    await once(server, 'close');
    const after = await runVerb(openports, hostContext({ options }));
    expect(after.status === 'done' && after.value.tcp).not.toContain(port);
  });

  it('sees a bound UDP socket', async () => {
    const socket = createSocket('udp6').bind(0, '::1');
    await once(socket, 'listening');
    const { port } = socket.address();
    expect(await runVerb(openports, hostContext({ options }))).toMatchObject({
      value: { udp: expect.arrayContaining([port]) },
    });
    socket.close();
    await once(socket, 'close');
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('collector', folder, openports, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
