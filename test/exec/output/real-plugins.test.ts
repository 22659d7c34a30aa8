import { type ChildProcess, execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PluginOutput, readPluginOutput } from '../../../exec/output/plugin-output.ts';

const folder = '/usr/lib/nagios/plugins';
const isInstalled = existsSync(join(folder, 'check_dummy'));
const mustRun = isInstalled || process.env.OPSBRO_TEST_REQUIRE === 'all';
const scratch = mkdtempSync(join(tmpdir(), 'plugins-'));
const file = join(scratch, 'file');
const ports = { http: '0', talker: '0' };
const servers: Server[] = [];

beforeAll(async () => {
  writeFileSync(file, 'hello\n');
  const http = createHttpServer((_, response) => response.end('hi'));
  const talker = createServer((socket) => {
    socket.on('error', () => {}).on('data', () => socket.end('250 fine\r\n'));
    socket.write('220 SSH-2.0-Open_1\r\n');
  });
  for (const [name, server] of [
    ['http', http],
    ['talker', talker],
  ] as const) {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ports[name] = String((server.address() as AddressInfo).port);
  }
});

afterAll(() => {
  for (const server of servers) server.close();
  rmSync(scratch, { recursive: true });
});

interface Run {
  text: string;
  code: number | null;
  read: PluginOutput;
}

function run(plugin: string, args: string[]): Promise<Run> {
  const options = {
    timeout: 20_000,
    killSignal: 'SIGKILL' as const,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  };
  const words = args.map((arg) => arg.replace('HTTP', ports.http).replace('TALKER', ports.talker));
  return new Promise((resolve) => {
    const child: ChildProcess = execFile(join(folder, plugin), words, options, (_, out, err) => {
      const { exitCode: code, signalCode } = child;
      const text = out === '' ? err : out;
      resolve({ text, code, read: readPluginOutput(text, code, signalCode) });
    });
  });
}

const here = ['-H', '127.0.0.1'];
const talk = [...here, '-p', 'TALKER', '-t', '3'];

/** A plugin, its arguments, and the labels it gives where it can do its work on any machine. */
const runs: [string, string[], string[]?][] = [
  ['check_apt', []],
  ['check_by_ssh', [...here, '-C', 'true']],
  ['check_clamd', talk, ['time']],
  ['check_cluster', ['-s', '-d', '0,1,2,0', '-w', '1', '-c', '2'], []],
  ['check_dhcp', ['-i', 'lo', '-t', '1']],
  ['check_disk', ['-w', '10%', '-c', '5%', '-p', '/'], ['/']],
  ['check_dummy', ['2', "a | 'it''s'=1MB;2;3;0;4"], ["it's"]],
  ['check_file_age', ['-f', file], ['age', 'size']],
  ['check_ftp', talk, ['time']],
  ['check_host', ['127.0.0.1']],
  ['check_http', [...here, '-p', 'HTTP'], ['time', 'size']],
  ['check_icmp', ['127.0.0.1']],
  ['check_ide_smart', ['-d', '/dev/null']],
  ['check_imap', talk, ['time']],
  ['check_ircd', [...here, '-p', 'TALKER']],
  ['check_jabber', talk, ['time']],
  [
    'check_load',
    ['-r', '-w', '1,2,3', '-c', '90,90,90'],
    ['load1', 'scaled_load1', 'load5', 'scaled_load5', 'load15', 'scaled_load15'],
  ],
  ['check_log', ['-F', file, '-O', join(scratch, 'old'), '-q', 'x'], []],
  ['check_mrtg', ['-F', file, '-a', 'AVG', '-v', '1']],
  ['check_mrtgtraf', ['-F', file, '-a', 'AVG', '-w', '1,1', '-c', '2,2']],
  ['check_nagios', ['-F', file, '-e', '5', '-C', 'nagios']],
  ['check_nntp', talk, ['time']],
  ['check_nntps', talk],
  ['check_nt', [...talk, '-v', 'CLIENTVERSION']],
  ['check_ntp', [...here, '-t', '1']],
  ['check_ntp_peer', [...here, '-t', '1']],
  ['check_ntp_time', [...here, '-t', '1']],
  ['check_nwstat', talk],
  ['check_overcr', talk],
  ['check_ping', [...here, '-w', '900,50%', '-c', '999,60%', '-p', '1']],
  ['check_pop', talk, ['time']],
  ['check_procs', ['-w', '1:9000', '-c', '1:9999'], ['procs']],
  ['check_real', talk],
  ['check_rta_multi', ['127.0.0.1']],
  ['check_sensors', []],
  ['check_simap', talk],
  ['check_smtp', talk],
  ['check_spop', talk],
  ['check_ssh', ['-t', '3', '-p', 'TALKER', '127.0.0.1']],
  ['check_ssmtp', talk],
  ['check_swap', ['-w', '10%', '-c', '5%'], ['swap']],
  ['check_tcp', talk, ['time']],
  ['check_time', talk],
  ['check_udp', [...talk, '-s', 'a', '-e', 'b']],
  ['check_ups', [...talk, '-u', 'x']],
  ['check_users', ['-w', '900', '-c', '999'], ['users']],
];

describe.skipIf(!mustRun)(
  'a plugin of monitoring-plugins-basic (skipped where the package is absent)',
  () => {
    it.each(runs)('%s prints what is understood', async (plugin, args, labels) => {
      const { text, code, read } = await run(plugin, args);
      const state = code === null ? 'unknown' : (['ok', 'warning', 'critical', 'unknown'] as const)[code];
      expect(read.state, text).toBe(state);
      expect(text).toContain(read.output.replace(/^ended by \w+(: )?|^\(no output\)$/, ''));
      const [, ...bars] = text.split('|');
      const figures = bars.join('|').match(/=(?=[-\d.U])/g) ?? [];
      expect(read.perfdata, text).toHaveLength(figures.length);
      if (labels !== undefined) expect(read.perfdata.map(({ label }) => label)).toEqual(labels);
    });

    it('keeps thresholds and limits', async () => {
      const { read } = await run('check_disk', ['-w', '10%', '-c', '5%', '-p', '/']);
      const [figure] = read.perfdata;
      expect(figure).toMatchObject({ label: '/', unit: 'B', min: 0, warn: { start: 0 }, crit: { start: 0 } });
      expect(figure?.max).toBeGreaterThan(figure?.crit?.end ?? Number.NaN);
      expect(figure?.crit?.end).toBeGreaterThan(figure?.warn?.end ?? Number.NaN);
    });

    it('is among those that are run here', ({ skip }) => {
      const { stdout, status } = spawnSync('dpkg', ['-L', 'monitoring-plugins-basic'], { encoding: 'utf8' });
      if (status !== 0) skip('needs the packages of Debian');
      const names = stdout.matchAll(/\/plugins\/(check_\w+)$/gm);
      expect([...names].map(([, name]) => name).sort()).toEqual(runs.map(([name]) => name));
    });
  },
);
