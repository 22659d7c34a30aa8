import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { overcli, type Running, start, workplace } from '../overcli/overcli-run.ts';
import { PushServer, type Taken } from '../overcli/push-server.ts';

const place = workplace();
let server: PushServer;
let url: string;
let home: string;
let env: { [name: string]: string };
let running: Running[];
let count = 0;

beforeEach(async () => {
  server = new PushServer();
  url = await server.listen();
  count += 1;
  home = join(place.path, `etc-${count}`);
  mkdirSync(home);
  env = { OVERCLI_QUEUE: join(place.path, `queue-${count}`) };
  running = [];
});
afterEach(async () => {
  for (const { child } of running) child.kill('SIGTERM');
  await Promise.all(running.map(({ ended }) => ended));
  await server.close();
});
afterAll(() => place.remove());

function write(name: string, services: string, me = 'web-1'): string {
  const path = join(home, name);
  writeFileSync(path, `[overc]\nserver=${url}/\nmy-name=${me}\nmy-key=1234\n${services}`);
  return path;
}

function script(name: string, text: string): void {
  writeFileSync(join(home, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(home, name), 0o755);
}

function monitor(...words: string[]): Running {
  const started = start(['monitor', ...words], env);
  running.push(started);
  return started;
}

const reports = (): Taken[] => server.taken.filter(({ route }) => route === '/api/set/service/status');
const infoOf = (name: string): string[] =>
  reports().flatMap(({ body }) => body.services.flatMap((one) => (one.name === name ? [one.info] : [])));

const everyKind = `
; what a plugin says
[service:ok]
period=60
command=./ok.sh "two words" 'and one'
[service:warn]
Period: 3600
command=sh -c "echo careful >&2; exit 1"
[service:fail]
period=120
max-lag=3
command=sh -c 'echo "50%% full  "; echo; exit 2'
[service:odd]
period=60
command=sh -c "exit 7"
[service:signal]
period=60
command=sh -c 'kill -9 $$'
[service:absent]
period=77
command=./absent.sh --x
[free]
anything=goes
`;

describe('monitor', () => {
  it('pings, then reports every service at once in one request, with the states of Nagios plugins', async () => {
    script('ok.sh', 'pwd; echo "$1,$2"; echo err >&2');
    const path = write('monitor.ini', everyKind);
    const { stderr, ended, child } = monitor(path);
    await expect.poll(() => server.taken.length).toBe(2);
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(stderr()).toBe('');
    expect(server.taken.map(({ route }) => route)).toEqual(['/api/ping', '/api/set/service/status']);
    const { server: identity, period, services } = server.taken[1]?.body ?? {};
    expect(identity).toEqual({ name: 'web-1', key: '1234' });
    expect(period).toBe(3600);
    expect(services?.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      {
        name: 'absent',
        state: 'UNK',
        info: 'Failed to execute plugin `absent` by command `./absent.sh --x`: No such file or directory',
        period: 77,
      },
      { name: 'fail', state: 'FAIL', info: '50% full' },
      { name: 'odd', state: 'UNK', info: '' },
      { name: 'ok', state: 'OK', info: `${home}\ntwo words,and one\nerr` },
      { name: 'signal', state: 'UNK', info: '' },
      { name: 'warn', state: 'WARN', info: 'careful' },
    ]);
  });

  it('goes on for ever, each service within its own period, and does not wait for one that is slow', async () => {
    script('slow.sh', `while [ ! -e ${home}/go ]; do sleep 0.05; done; echo slow`);
    const services =
      '[service:fast]\nperiod=1\ncommand=echo fast\n[service:slow]\nperiod=2\ncommand=./slow.sh\n[service:rare]\nperiod=3600\ncommand=echo rare\n';
    monitor(write('monitor.ini', services));
    await expect.poll(() => infoOf('fast').length).toBeGreaterThanOrEqual(3);
    expect([infoOf('slow'), infoOf('rare')]).toEqual([[], ['rare']]);
    writeFileSync(join(home, 'go'), '');
    await expect.poll(() => infoOf('slow').length).toBeGreaterThanOrEqual(2);
    expect(infoOf('rare')).toEqual(['rare']);
  });

  it('ends when the first ping fails, and queues nothing for it', async () => {
    await server.close();
    const path = write('monitor.ini', '[service:a]\nperiod=1\ncommand=echo 1\n');
    const { ended } = monitor(path);
    expect(await ended).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot reach') });
    expect(existsSync(env.OVERCLI_QUEUE ?? '')).toBe(false);
  });

  it('keeps what it could not send, and sends it in order with its age once the server is back', async () => {
    script('count.sh', `n=$(cat n 2>/dev/null || echo 0); n=$((n + 1)); echo $n > n; echo $n`);
    const { stderr } = monitor(write('monitor.ini', '[service:a]\nperiod=1\ncommand=./count.sh\n'));
    await expect.poll(() => infoOf('a').length).toBe(1);
    server.before = () => ({ status: 503, body: { error: 'down' } });
    await expect.poll(() => stderr().split('queued: ').length).toBeGreaterThanOrEqual(4);
    server.before = undefined;
    await expect.poll(() => reports().filter(({ body }) => 'age' in body).length).toBeGreaterThanOrEqual(3);
    const seen = infoOf('a').map(Number);
    expect(seen).toEqual(seen.map((_, index) => index + 1));
  });

  it('takes changed, new and removed files of a directory, and keeps the last good version of a bad one', async () => {
    write(
      'monitor-a.ini',
      '[service:a]\nperiod=3600\ncommand=echo 1\n[service:same]\nperiod=3600\ncommand=echo s\n',
    );
    write('other.ini', '[service:other]\nperiod=3600\ncommand=echo 1\n');
    const { stderr } = monitor(home);
    await expect.poll(() => infoOf('a')).toEqual(['1']);
    write(
      'monitor-a.ini',
      '[service:a]\nperiod=3600\ncommand=echo 2\n[service:same]\nperiod=3600\ncommand=echo s\n',
    );
    await expect.poll(() => infoOf('a')).toEqual(['1', '2']);
    write('monitor-b.ini', '[service:b]\nperiod=1\ncommand=echo 1\n', 'web-2');
    await expect.poll(() => infoOf('b').length).toBeGreaterThanOrEqual(1);
    write('monitor-b.ini', '[service:b]\nperiod=soon\ncommand=echo 2\n', 'web-2');
    await expect
      .poll(stderr)
      .toContain(
        "monitor-b.ini:6: period should be a whole number of seconds, found 'soon'; its last good version goes on",
      );
    const before = infoOf('b').length;
    await expect.poll(() => infoOf('b').length).toBeGreaterThan(before);
    unlinkSync(join(home, 'monitor-b.ini'));
    await expect.poll(stderr).toContain('monitor-b.ini is gone');
    expect([infoOf('a'), infoOf('same'), infoOf('other')]).toEqual([['1', '2'], ['s'], []]);
    expect(new Set(infoOf('b'))).toEqual(new Set(['1']));
  });

  it('kills what it runs, with all it has started, when it is told to end', async () => {
    script('hang.sh', 'sleep 1000 & echo $! > child; wait');
    const { child, ended } = monitor(write('monitor.ini', '[service:a]\nperiod=1\ncommand=./hang.sh\n'));
    await expect
      .poll(() => existsSync(join(home, 'child')) && readFileSync(join(home, 'child'), 'utf8'))
      .toBeTruthy();
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(reports()).toEqual([]);
    const grandchild = Number(readFileSync(join(home, 'child'), 'utf8'));
    await expect.poll(() => existsSync(`/proc/${grandchild}/exe`)).toBe(false);
  });
});

describe('monitor --once and --dry-run', () => {
  it('reports once, of several files, and needs no ping', async () => {
    const a = write('a.ini', '[service:a]\nperiod=60\ncommand=echo 1\n');
    const b = write('b.ini', '[service:b]\nperiod=5\ncommand=sh -c "exit 2"\n', 'web-2');
    expect(await overcli(['monitor', '--once', a, b], env)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(server.taken.map(({ body }) => [body.server.name, body.period])).toEqual([
      ['web-1', 60],
      ['web-2', 5],
    ]);
    await server.close();
    expect(await overcli(['monitor', '--once', a], env)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('queued'),
    });
  });

  it('prints what it would send, and sends nothing', async () => {
    const path = write('a.ini', '[service:a]\nperiod=60\ncommand=echo fine\n');
    const shown = await overcli(['monitor', path, '--dry-run'], env);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toMatch(/as web-1/);
    expect(shown.stdout).toContain('OK   a, 60: fine\n');
    expect(shown.stdout).not.toContain('1234');
    expect(server.requests).toBe(0);
  });
});

it('names a file that is not there, and a directory without files', async () => {
  const absent = join(home, 'absent.ini');
  expect(await overcli(['monitor', absent], env)).toMatchObject({
    code: 1,
    stderr: `overcli: Config file does not exist: ${absent}\n`,
  });
  rmSync(home, { recursive: true });
  mkdirSync(home);
  expect((await overcli(['monitor', home], env)).stderr).toContain(`there is no monitor*.ini in ${home}`);
});
