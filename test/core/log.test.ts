import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog, type LogOptions } from '../../core/log.ts';

const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5), monotonic: () => 0 };
let scratch: string;
let file: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'opsbro-log-'));
  file = join(scratch, 'log');
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

async function written(options: Partial<LogOptions>, act: (log: ReturnType<typeof createLog>) => void) {
  const log = createLog({ level: 'info', destination: file, clock, ...options });
  act(log);
  await log.close();
  return (await readFile(file, 'utf8')).split('\n').slice(0, -1);
}

describe('createLog', () => {
  it('writes one JSON line an event, with the fields given', async () => {
    const lines = await written({}, (log) => {
      log.info('agent started', { pid: 7 });
      log.warn('a run\nfailed', { plugin: 'collector/memory', level: 3, message: 'm' });
    });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { level: 'info', at: '2026-01-02T03:04:05.000Z', pid: 7, message: 'agent started' },
      {
        level: 'warn',
        at: '2026-01-02T03:04:05.000Z',
        plugin: 'collector/memory',
        level_: 3,
        message_: 'm',
        message: 'a run\nfailed',
      },
    ]);
  });

  it('follows the level, and keeps it when the new one is unknown', async () => {
    const lines = await written({ level: 'error' }, (log) => {
      log.warn('unseen');
      log.setLevel('debug');
      log.setLevel('loud');
      log.debug('seen');
    });
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(['seen']);
  });

  it('masks what sounds like a secret, at any level and in lists', async () => {
    const [line] = await written({}, (log) =>
      log.info('m', {
        smtp_password: 'a',
        nested: { api_key: 'b', keep: 1, deep: { token: ['c'], deeper: { still: { passwd: 'd' } } } },
        servers: [{ host: 'h', password: 'e' }, [{ secret: 'f' }], 'plain'],
        tokens: null,
      }),
    );
    expect(JSON.parse(line ?? '')).toMatchObject({
      smtp_password: '***',
      nested: { api_key: '***', keep: 1, deep: { token: '***', deeper: { still: { passwd: '***' } } } },
      servers: [{ host: 'h', password: '***' }, [{ secret: '***' }], 'plain'],
      tokens: null,
    });
  });

  it('counts and keeps the newest twenty troubles, also those below its level', async () => {
    const log = createLog({ level: 'error', destination: file, clock });
    for (let index = 0; index < 25; index += 1) log.warn(`trouble ${index}`);
    log.error('broken', { plugin: 'check/rule', reason: 'why' });
    log.info('fine');
    const { errors, warnings, last } = log.figures();
    expect([errors, warnings, last.length]).toEqual([1, 25, 20]);
    expect(last[0]?.message).toBe('trouble 6');
    expect(last.at(-1)).toEqual({
      at: '2026-01-02T03:04:05.000Z',
      level: 'error',
      message: 'check/rule: broken: why',
    });
    await log.close();
  });

  it('prints one readable line an event for people', async () => {
    const lines = await written({ pretty: true }, (log) =>
      log.error('a\u001b[2Jb\nc', {
        plugin: 'collector/x',
        code: 'OPSBRO_PLUGIN_FAILED',
        reason: 'two words',
      }),
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d .*error.* collector\/x: a \[2Jb c code=OPSBRO_PLUGIN_FAILED reason="two words"$/,
    );
  });

  it('cuts a message over 4 KiB', async () => {
    const [line] = await written({}, (log) => log.info('x'.repeat(10_000)));
    expect(JSON.parse(line ?? '').message).toHaveLength(4096);
  });

  it('remembers the last events, debug ones only of parts that are followed', () => {
    const log = createLog({ level: 'error', destination: file, clock });
    log.debug('unseen', { plugin: 'collector/memory' });
    log.read(null, 'collector/memory');
    log.debug('seen', { plugin: 'collector/memory', password: 'x' });
    log.debug('of another', { plugin: 'collector/cpustats' });
    log.info('of the agent');
    expect(log.read(0, null).events).toMatchObject([
      { seq: 1, level: 'debug', part: 'collector/memory', message: 'seen', fields: { password: '***' } },
      { seq: 2, level: 'info', part: 'agent', message: 'of the agent', fields: {} },
    ]);
  });

  it('drops what comes after close, and closes twice', async () => {
    const log = createLog({ level: 'info', destination: file, clock });
    log.info('first');
    await log.close();
    log.info('late');
    await log.close();
    expect(log.dropped()).toBe(1);
    expect((await readFile(file, 'utf8')).split('\n')).toHaveLength(2);
  });

  it('never waits for a reader that lags: it drops and counts', async () => {
    const reader = spawn(process.execPath, ['-e', 'process.stdin.pause(); setInterval(() => {}, 1e6)'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const { fd } = (reader.stdin as unknown as { _handle: { fd: number } })._handle;
    const log = createLog({ level: 'info', destination: fd, clock });
    const text = 'x'.repeat(4000);
    for (let index = 0; index < 3000; index += 1) log.info(text);
    expect(log.dropped()).toBeGreaterThan(1000);
    reader.kill('SIGKILL');
    await once(reader, 'exit');
    await log.close();
  });
});

it.each(['await log.close();', ''])(
  'lets its process end though the disk is full, with "%s" before',
  async (close) => {
    const script = `import { createLog } from ${JSON.stringify(new URL('../../dist/core/log.js', import.meta.url).href)};
    const log = createLog({ level: 'info', pretty: false });
    for (let line = 0; line < 20; line += 1) log.info('x');
    while (log.dropped() === 0) await new Promise(setImmediate);
    ${close}
    process.exit(7);`;
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', full, 'inherit'],
    });
    closeSync(full);
    expect(await once(child, 'exit')).toEqual([7, null]);
  },
);

it.each(['exec sleep 1000', 'exec true'])(
  'lets its process end though "%s" reads the log',
  async (reader) => {
    const script = `import { createLog } from ${JSON.stringify(new URL('../../dist/core/log.js', import.meta.url).href)};
    const log = createLog({ level: 'info', pretty: false });
    for (let line = 0; line < 20_000; line += 1) log.info('x'.repeat(1000));
    await log.close();
    process.exit(log.dropped() > 0 ? 7 : 0);`;
    // A shell's pipe: those of Node's own children are sockets.
    const shell = `{ "$0" --input-type=module -e "$1"; echo $? >&2; kill $$; } | ${reader}`;
    const child = spawn('/bin/sh', ['-c', shell, process.execPath, script], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    const [status] = await once(child.stderr, 'data');
    process.kill(-(child.pid as number), 'SIGKILL');
    expect(String(status)).toBe('7\n');
  },
);
