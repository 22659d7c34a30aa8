import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, hostContext, runCheck, runVerb } from 'opsbro/sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import dns, { type Options } from './index.ts';
import { reverseName } from './query.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

const name = (text: string): Buffer =>
  Buffer.concat([...text.split('.').map((label) => characters(label)), Buffer.from([0])]);
const characters = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
const short = (...numbers: number[]): Buffer => Buffer.from(numbers.flatMap((n) => [n >> 8, n & 255]));
const long = (...numbers: number[]): Buffer =>
  Buffer.concat(numbers.map((number) => short(number >>> 16, number & 0xffff)));

/** What the server knows: by type and name, the data of records as RFC 1035, 2782, 3596 and 8659 have them. */
const zone: { [question: string]: Buffer[] } = {
  '1 www.test': [Buffer.from([192, 0, 2, 80]), Buffer.from([192, 0, 2, 8])],
  '28 www.test': [Buffer.from('20010db8000000000000000000000080', 'hex')],
  '5 alias.test': [name('www.test')],
  '2 test': [name('ns1.test')],
  '15 test': [Buffer.concat([short(10), name('mail.test')])],
  '16 test': [Buffer.concat([characters('v=spf1 '), characters('-all')])],
  '33 _sip._udp.test': [Buffer.concat([short(0, 5, 5060), name('sip.test')])],
  '257 test': [Buffer.concat([Buffer.from([0]), characters('issue'), Buffer.from('ca.test')])],
  '6 test': [Buffer.concat([name('ns1.test'), name('root.test'), long(7, 3600, 600, 86400, 60)])],
  '12 80.2.0.192.in-addr.arpa': [name('www.test')],
  [`12 8.0${'.0'.repeat(22)}.8.b.d.0.1.0.0.2.ip6.arpa`]: [name('www.test')],
};

/** Answers a query; undefined: not at all (RFC 1035 §4). */
function answer(query: Buffer): Buffer | undefined {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const asked = labels.join('.').toLowerCase();
  if (asked === 'silent.test') return undefined;
  const type = query.readUInt16BE(at + 1);
  const records = zone[`${type} ${asked}`] ?? [];
  const isKnown = Object.keys(zone).some((key) => key.endsWith(` ${asked}`));
  const code = asked === 'broken.test' ? 2 : isKnown ? 0 : 3;
  const header = Buffer.concat([query.subarray(0, 2), short(0x8180 | code, 1, records.length, 0, 0)]);
  const found = records.map((data) =>
    Buffer.concat([short(0xc00c, type, 1), long(60), short(data.length), data]),
  );
  return Buffer.concat([header, query.subarray(12, at + 5), ...found]);
}

let socket: Socket;
let server: string;

beforeAll(async () => {
  socket = createSocket('udp4', (query, { address, port }) => {
    const reply = answer(query);
    if (reply !== undefined) socket.send(reply, port, address);
  }).bind(0, '127.0.0.1');
  await once(socket, 'listening');
  server = `127.0.0.1:${socket.address().port}`;
});

afterAll(() => socket.close());

const judge = (given: Partial<Options>) => runCheck(dns, manifest, { server, ...given });

it.each([
  ['192.0.2.80', '80.2.0.192.in-addr.arpa'],
  ['::1', `1${'.0'.repeat(31)}.ip6.arpa`],
  ['::ffff:192.0.2.80', `0.5.2.0.0.0.0.c.f.f.f.f${'.0'.repeat(20)}.ip6.arpa`],
  ['fe80::1%eth0', `1${'.0'.repeat(28)}.8.e.f.ip6.arpa`],
  ['1:2:3:4:5:6:7:8', '8.0.0.0.7.0.0.0.6.0.0.0.5.0.0.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.ip6.arpa'],
])('asks for the address %s by the name %s', (address, reversed) => {
  expect(reverseName(address)).toBe(reversed);
});

describe('check/dns', () => {
  it.each<[Partial<Options>, string]>([
    [{ name: 'www.test' }, '192.0.2.8, 192.0.2.80'],
    [{ name: 'www.test', type: 'AAAA' }, '2001:db8::80'],
    [{ name: 'alias.test', type: 'CNAME' }, 'www.test'],
    [{ name: 'test', type: 'NS' }, 'ns1.test'],
    [{ name: 'test', type: 'MX' }, '10 mail.test'],
    [{ name: 'test', type: 'TXT' }, 'v=spf1 -all'],
    [{ name: '_sip._udp.test', type: 'SRV' }, '0 5 5060 sip.test'],
    [{ name: 'test', type: 'CAA' }, '0 issue ca.test'],
    [{ name: 'test', type: 'SOA' }, 'ns1.test root.test 7 3600 600 86400 60'],
    [{ name: '192.0.2.80', type: 'PTR' }, 'www.test'],
    [{ name: '80.2.0.192.in-addr.arpa', type: 'PTR' }, 'www.test'],
    [{ name: '2001:db8::8', type: 'PTR' }, 'www.test'],
  ])('asks for %j', async (options, records) => {
    const { state, output, metrics } = await judge({ ...options, expect: [records.split(', ')[0] ?? ''] });
    const subject = `${options.type ?? 'A'} of ${options.name} at ${server}`;
    expect([state, output]).toEqual(['ok', expect.stringContaining(`${subject}: ${records}; it took 0.`)]);
    expect(metrics?.time).toEqual({ value: expect.any(Number), unit: 's', min: 0 });
  });

  it('compares names without case and without the last dot', async () => {
    expect(await judge({ name: 'test', type: 'NS', expect: ['NS1.test.'] })).toMatchObject({ state: 'ok' });
  });

  it.each<[Partial<Options>, string]>([
    [{ name: 'www.test', expect: ['192.0.2.1'] }, '192.0.2.1 is not in the answer: 192.0.2.8, 192.0.2.80'],
    [{ name: 'www.test', expect: ['192.0.2.8'], only_expected: true }, 'nobody expects 192.0.2.80'],
    [{ name: 'nowhere.test' }, 'the name does not exist'],
    // Every host has it in its own file.
    [{ name: '127.0.0.1', type: 'PTR' }, 'the name does not exist'],
    [{ name: 'www.test', type: 'MX' }, 'the name has no such record'],
    [{ name: 'broken.test' }, 'the server failed'],
    [{ name: 'silent.test', give_up_after: '90ms' }, 'no answer came'],
    [{ name: 'www.test', critical: '@0:1h' }, 'it took'],
  ])('is critical for %j', async (options, text) => {
    const { state, output } = await judge(options);
    expect([state, output]).toEqual(['critical', expect.stringContaining(text)]);
  });

  it('leaves the end of its run to the agent', async () => {
    const options = { name: 'silent.test', type: 'A', server, give_up_after: '10s' } as Options;
    const ctx = hostContext({ options });
    const ended = runVerb(dns, ctx);
    ctx.abort();
    await expect(ended).rejects.toBe(ctx.signal.reason);
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('check', folder, dns, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
