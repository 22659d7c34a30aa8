import { execFile, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { promisify } from 'node:util';
import type { Json } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import dns from './index.ts';
import { cluster, defaultOptions, node } from './sample-cluster.ts';

const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';

function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return isRequired;
  }
}

const many = Array.from({ length: 120 }, (_, index) =>
  node(`n${index}`, { addresses: [`10.1.0.${index}`], groups: ['big'] }),
);
const nodes = cluster(
  node('web-1', { addresses: ['10.0.0.1', 'fd00::1'], groups: ['redis'] }),
  node('web-2', { addresses: ['10.0.0.2'], groups: ['redis'] }),
  node('web.example.com', { addresses: ['10.0.0.3'], groups: ['mysql'], failing: ['mysql'] }),
  ...many,
);
const check = { id: 'linux/check/load', name: 'load', pack: 'linux', state: 'ok', hard: true } as const;
const details = {
  'uuid-web-1': {
    uuid: 'uuid-web-1',
    version: 1,
    checks: [{ ...check, since: 1_000_000, output: '', perfdata: '' }],
  },
};
let port = 0;

beforeAll(async () => {
  const snapshots = { nodes, 'node-details': details } as unknown as { [topic: string]: Json };
  const ctx = serviceContext({ options: { ...defaultOptions, ports: { redis: 6379 } }, snapshots });
  await dns.start({ ...ctx, clock: { now: () => 1_007_500, monotonic: () => 0 } });
  port = Number(ctx.logs.map(({ message }) => /:(\d+)$/.exec(message)?.[1]).find(Boolean));
});
afterAll(() => dns.stop());

async function ask(program: 'dig' | 'kdig', args: string[], at = port): Promise<string> {
  const patience = ['+time=5', program === 'dig' ? '+tries=3' : '+retry=2'];
  const asked = ['@127.0.0.1', '-p', `${at}`, ...patience, ...args];
  return (await promisify(execFile)(program, asked)).stdout;
}

const sorted = (text: string): string[] => text.trim().split('\n').sort();

describe.skipIf(!has('dig'))('dig (from dnsutils)', () => {
  it.each([
    ['redis.group.dc1.opsbro A', ['10.0.0.1', '10.0.0.2']],
    ['redis.group.lan.opsbro AAAA', ['fd00::1']],
    ['_redis._tcp.lan.opsbro SRV', ['1 1 6379 web-1.name.lan.opsbro.', '1 1 6379 web-2.name.lan.opsbro.']],
    ['load.check.web-1.lan.opsbro TXT', ['"state=ok" "age=7s" "check=linux/check/load"']],
    ['-x 10.0.0.3', ['web.example.com.name.lan.opsbro.']],
    ['-x fd00::1', ['web-1.name.lan.opsbro.']],
    ['web-1.name.lan.opsbro ANY', ['"RFC8482" ""']],
    ['opsbro SOA', ['ns.opsbro. hostmaster.opsbro. 1 3600 600 86400 5']],
  ])('%s', async (question, lines) => {
    expect(sorted(await ask('dig', ['+short', ...question.split(' ')]))).toEqual(lines);
  });

  it.each([
    ['mysql.group.lan.opsbro', 'NOERROR'],
    ['none.group.lan.opsbro', 'NXDOMAIN'],
    ['example.org', 'REFUSED'],
    ['+opcode=notify web-1.name.lan.opsbro', 'NOTIMP'],
    ['+ednsflags=0 +edns=1 +noednsnegotiation web-1.name.lan.opsbro', 'BADVERS'],
    ['-c CH version.bind TXT', 'REFUSED'],
    ['+header-only web-1.name.lan.opsbro', 'FORMERR'],
  ])('%s is answered %s', async (question, status) => {
    expect(await ask('dig', question.split(' '))).toContain(`status: ${status}`);
  });

  it('asks again over TCP for what UDP has no room for', async () => {
    const whole = await ask('dig', ['big.group.lan.opsbro']);
    expect(whole).toMatch(/ANSWER: 120/);
    expect(whole).toMatch(/SERVER: .*\(TCP\)|Truncated, retrying in TCP mode/);
    expect(await ask('dig', ['+ignore', 'big.group.lan.opsbro'])).toMatch(/flags: qr aa tc rd;/);
  });
});

describe.skipIf(!has('kdig'))('kdig (from knot-dnsutils)', () => {
  it('reads answers without a warning, over UDP and TCP', async () => {
    for (const way of ['+notcp', '+tcp']) {
      const text = await ask('kdig', [way, '+edns', '+dnssec', '_redis._tcp.lan.opsbro', 'SRV']);
      expect(text).not.toMatch(/WARNING|malformed/i);
      expect(text).toMatch(/Flags: qr aa rd; QUERY: 1; ANSWER: 2; AUTHORITY: 0; ADDITIONAL: 4/);
    }
  });

  it('finds the SOA where there is nothing', async () => {
    const text = await ask('kdig', ['none.group.LAN.opsbro']);
    expect(text).toMatch(/status: NXDOMAIN/);
    expect(text).toMatch(/^opsbro\.\s+5\s+IN\s+SOA/m);
  });
});

describe.skipIf(!has('dnsmasq') || !has('dig'))('dnsmasq in front (from dnsmasq-base, with dig)', () => {
  it('passes on names of the domain', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port: front } = socket.address();
    socket.close();
    const args = [
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--pid-file=',
      '--no-resolv',
      '--no-hosts',
    ];
    const own = [`--port=${front}`, '--listen-address=127.0.0.1', '--bind-interfaces', '--user='];
    const rules = [`--server=/opsbro/127.0.0.1#${port}`, '--rebind-domain-ok=/opsbro/', '--stop-dns-rebind'];
    const dnsmasq = spawn('dnsmasq', [...args, ...own, ...rules], { stdio: 'ignore' });
    try {
      await expect
        .poll(() => ask('dig', ['+short', 'web-2.name.lan.opsbro'], front).catch(() => ''), {
          timeout: 20_000,
        })
        .toBe('10.0.0.2\n');
      expect(sorted(await ask('dig', ['+short', 'redis.group.lan.opsbro'], front))).toEqual([
        '10.0.0.1',
        '10.0.0.2',
      ]);
      expect(await ask('dig', ['none.group.lan.opsbro'], front)).toContain('status: NXDOMAIN');
      expect(await ask('dig', ['big.group.lan.opsbro'], front)).toMatch(/ANSWER: 120/);
    } finally {
      dnsmasq.kill();
    }
  });
});
