import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundle, type Ended, overcli, start, workplace } from '../overcli/overcli-run.ts';
import { PushServer } from '../overcli/push-server.ts';
import { root, run } from './cli-run.ts';

const place = workplace();
let server: PushServer;
let url: string;
let env: { [name: string]: string };
let count = 0;

beforeEach(async () => {
  server = new PushServer();
  url = await server.listen();
  count += 1;
  env = { OVERCLI_QUEUE: join(place.path, `queue-${count}`) };
});
afterEach(() => server.close());
afterAll(() => place.remove());

const silent: Ended = { code: 0, stdout: '', stderr: '' };
const report = (words: string[], id = 'web-1:12:34'): Promise<Ended> =>
  overcli(['-s', url, '-i', id, ...words], env);
const queued = (): string[] => {
  const [target = ''] = readdirSync(env.OVERCLI_QUEUE ?? '');
  return readdirSync(join(env.OVERCLI_QUEUE ?? '', target)).filter((name) => name.endsWith('.json'));
};

describe('a command whose server answers', () => {
  it('is silent, ends with 0, and sends what the documentation says', async () => {
    expect(await report(['ping'])).toEqual(silent);
    expect(await report(['service-status', '60', 'app', 'OK', 'Läuft gut'])).toEqual(silent);
    expect(await report(['service-status', '60', 'app', 'ERR'])).toEqual(silent);
    expect(await report(['alert', '--service', 'queue', 'Something bad'])).toEqual(silent);
    expect(await report(['alert', 'Something bad'])).toEqual(silent);
    const identity = { name: 'web-1', key: '12:34' };
    expect(server.taken.map(({ route, body }) => [route, body])).toEqual([
      ['/api/ping', { server: identity }],
      [
        '/api/set/service/status',
        { server: identity, period: 60, services: [{ name: 'app', state: 'OK', info: 'Läuft gut' }] },
      ],
      [
        '/api/set/service/status',
        { server: identity, period: 60, services: [{ name: 'app', state: 'ERR', info: '' }] },
      ],
      ['/api/set/alerts', { server: identity, alerts: [{ message: 'Something bad', service: 'queue' }] }],
      ['/api/set/alerts', { server: identity, alerts: [{ message: 'Something bad' }] }],
    ]);
  });

  it('sends the credentials of the URL as a header, and replaces its path', async () => {
    const withPassword = url.replace('://', '://bob:p%40ss@');
    const words = ['--server', `${withPassword}/some/where?x=1`, '--server-id', 'a:b', 'ping'];
    expect(await overcli(words, env)).toEqual(silent);
    expect(server.taken).toMatchObject([{ route: '/api/ping', authorization: `Basic ${btoa('bob:p@ss')}` }]);
  });

  it('says what the server says when it refuses, ends with 1, and keeps nothing', async () => {
    await report(['ping']);
    const refused = await report(['service-status', '60', 'app', 'OK'], 'web-1:other');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('403 Invalid server key');
    expect(refused.stderr).not.toContain('other');
    expect(() => queued()).toThrow('ENOENT');
  });

  it('follows no redirect, and names the new place', async () => {
    server.before = () => ({ status: 301, body: {}, headers: { location: 'https://elsewhere.example/' } });
    const moved = await report(['alert', 'x']);
    expect(moved).toMatchObject({ code: 1, stderr: expect.stringContaining('https://elsewhere.example/') });
  });

  it('tells with -v what it does, and with -vvv what it sends, but not the key', async () => {
    const told = await overcli(
      ['-vvv', '-s', url, '-i', 'a:secret', 'service-status', '5', 'app', 'OK'],
      env,
    );
    expect(told).toMatchObject({ code: 0, stderr: expect.stringContaining('/api/set/service/status: 200') });
    expect(told.stderr).toContain('"name":"app"');
    expect(told.stderr).not.toContain('secret');
  });
});

describe('a report that cannot be sent', () => {
  it('is queued, says so, ends with 1, and goes first with its age on the next call', async () => {
    const { port } = server;
    await server.close();
    const first = await report(['service-status', '60', 'app', 'WARN', 'one']);
    expect(first).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('queued') });
    expect((await report(['alert', 'two'])).stderr).toContain('queued');
    expect(queued()).toHaveLength(2);

    server = new PushServer();
    await server.listen(port);
    expect(await report(['service-status', '60', 'app', 'OK', 'three'])).toEqual(silent);
    expect(server.taken.map(({ body }) => body.alerts?.[0]?.message ?? body.services[0]?.info)).toEqual([
      'one',
      'two',
      'three',
    ]);
    expect(server.taken.map(({ body }) => typeof body.age)).toEqual(['number', 'number', 'undefined']);
    expect(server.taken[0]?.body.server).toEqual({ name: 'web-1', key: '12:34' });
    expect(queued()).toEqual([]);
  });

  it('keeps neither key nor password on disk, and its files from others', async () => {
    await server.close();
    await overcli(['-s', url.replace('://', '://bob:word@'), '-i', 'a:secret', 'alert', 'hello'], env);
    const [target = ''] = readdirSync(env.OVERCLI_QUEUE ?? '');
    const file = join(env.OVERCLI_QUEUE ?? '', target, queued()[0] ?? '');
    expect(readFileSync(file, 'utf8')).not.toMatch(/secret|word/);
    expect([statSync(env.OVERCLI_QUEUE ?? '').mode & 0o777, statSync(file).mode & 0o777]).toEqual([
      0o700, 0o600,
    ]);
  });

  it.each([
    ['the server is broken', { status: 502, body: { error: 'bad gateway' } }],
    ['it is asked too often', { status: 429, body: { error: 'too many' }, headers: { 'retry-after': '60' } }],
    [
      'it is away until a date',
      {
        status: 503,
        body: { error: 'upgrade' },
        headers: { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() },
      },
    ],
  ])('is queued when %s', async (_, answer) => {
    server.before = () => answer;
    expect(await report(['alert', 'x'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/queued: .*(502|429|503)/),
    });
    expect(queued()).toHaveLength(1);
  });

  it('is sent after all when a busy server asks for a moment', async () => {
    const busy = [
      { status: 429, body: { error: 'too many' }, headers: { 'retry-after': '1' } },
      { status: 503, body: { error: 'busy' }, headers: { 'retry-after': new Date(0).toUTCString() } },
    ];
    server.before = () => busy.shift();
    const told = await overcli(['-v', '-s', url, '-i', 'a:b', 'alert', 'x'], env);
    expect(told).toMatchObject({ code: 0, stderr: expect.stringMatching(/429 too many; asks again in 1 s/) });
    expect(server.taken).toHaveLength(1);
  });

  it('is queued when another program answers there', async () => {
    const portal = createServer((_, response) => response.end('<html>Please log in</html>'));
    await new Promise<void>((resolve) => portal.listen(0, '127.0.0.1', resolve));
    const { port } = portal.address() as { port: number };
    const answered = await overcli(['-s', `http://127.0.0.1:${port}`, '-i', 'a:b', 'alert', 'x'], env);
    expect(answered).toMatchObject({ code: 1, stderr: expect.stringMatching(/queued: .*no push server/) });
    portal.close();
    portal.closeAllConnections();
  });

  it('is queued when the call is ended while the server keeps it waiting', async () => {
    let reached: () => void = () => {};
    const waits = new Promise<void>((resolve) => {
      reached = resolve;
    });
    server.before = () => {
      reached();
      return new Promise(() => {});
    };
    const call = start(['-s', url, '-i', 'a:b', 'alert', 'x'], env);
    await waits;
    call.child.kill('SIGTERM');
    expect(await call.ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('queued: ended by SIGTERM'),
    });
    expect(queued()).toHaveLength(1);
  });

  it('is said to be lost where the queue cannot be written', async () => {
    await server.close();
    const file = join(place.path, 'no-directory');
    writeFileSync(file, '');
    const lost = await overcli(['-s', url, '-i', 'a:b', 'alert', 'x'], {
      OVERCLI_QUEUE: join(file, 'queue'),
    });
    expect(lost).toMatchObject({ code: 1, stderr: expect.stringMatching(/cannot reach .*lost/) });
  });
});

it('keeps the order of many calls at once, and loses and doubles nothing, however often some are killed', async () => {
  const { port } = server;
  await server.close();
  const calls = Array.from({ length: 24 }, (_, index) =>
    start(['-s', url, '-i', 'web-1:k', 'service-status', '60', `job-${index}`, 'OK'], env),
  );
  const killed = calls.slice(0, 8);
  await Promise.race(calls.slice(8).map(({ ended }) => ended));
  for (const { child } of killed) child.kill('SIGKILL');
  const ends = await Promise.all(calls.map(({ ended }) => ended));
  const kept = ends.flatMap(({ stderr }, index) => (stderr.includes('queued') ? [`job-${index} OK`] : []));
  expect(kept.length).toBeGreaterThanOrEqual(16);
  const waiting = queued().length;
  expect(waiting).toBeGreaterThanOrEqual(kept.length);

  server = new PushServer();
  // Whoever is killed while it sends leaves the turn to another.
  let dying: ReturnType<typeof start> | undefined;
  server.before = () => {
    if (server.taken.length !== 3 || dying === undefined) return undefined;
    const { child } = dying;
    dying = undefined;
    const gone = new Promise<undefined>((resolve) => child.once('exit', () => resolve(undefined)));
    child.kill('SIGKILL');
    return gone.then(() => ({ status: 503, body: { error: 'nobody hears this' } }));
  };
  await server.listen(port);
  dying = start(['-s', url, '-i', 'web-1:k', 'ping'], env);
  await dying.ended;
  const last = await Promise.all(
    [1, 2, 3].map((number) => report(['service-status', '60', `last-${number}`, 'OK'], 'web-1:k')),
  );
  expect(last).toEqual([silent, silent, silent]);
  const sent = server.states();
  expect(sent).toHaveLength(waiting + 3);
  expect(new Set(sent).size).toBe(waiting + 3);
  expect(kept.filter((state) => !sent.includes(state))).toEqual([]);
  expect(sent.slice(0, waiting).some((state) => state.startsWith('last-'))).toBe(false);
});

describe('the file', () => {
  it('runs alone, copied under another name to where nothing else of this is', async () => {
    const directory = join(place.path, 'bin');
    mkdirSync(directory);
    const copied = join(directory, 'overcli');
    copyFileSync(bundle, copied);
    expect(await overcli(['-s', url, '-i', 'a:b', 'ping'], env, copied)).toEqual(silent);
    writeFileSync(
      join(directory, 'monitor.ini'),
      `[overc]\nserver=${url}\nmy-name=a\nmy-key=b\n[service:app]\nperiod=60\ncommand=echo up\n`,
    );
    expect(await overcli(['monitor', '--once', directory], env, copied)).toEqual(silent);
    expect(server.states()).toEqual(['app OK']);
    expect(readdirSync(directory).sort()).toEqual(['monitor.ini', 'overcli']);
    expect(await run(copied, ['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^overcli \d/),
    });
  });

  it('needs nothing but what Node has, and asks by its plain HTTP', () => {
    const needed = [...readFileSync(bundle, 'utf8').matchAll(/\b(?:require|import)\("([^"]+)"\)/g)];
    const names = new Set(needed.map(([, name = '']) => name));
    expect([...names].filter((name) => !name.startsWith('node:'))).toEqual([]);
    expect(names).toContain('node:http');
  });

  it('is what bin/overcli runs', async () => {
    expect(await run(join(root, 'bin', 'overcli'), ['-s', url, '-i', 'a:b', 'ping'], env)).toMatchObject(
      silent,
    );
  });
});

it.each([
  [['ping'], '--server and --server-id should be specified'],
  [
    ['-s', 'http://127.0.0.1:1', 'service-status', '60', 'app', 'OK'],
    '--server and --server-id should be specified',
  ],
  [['-i', 'a:b', 'alert', 'x'], '--server and --server-id should be specified'],
  [['-s', 'http://127.0.0.1:1', '-i', 'a:b', 'dance'], "unknown command 'dance'"],
])('%j is wrong usage, exit 2', async (words, text) => {
  expect(await overcli(words)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(text) });
});
