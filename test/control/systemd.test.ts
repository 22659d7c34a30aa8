import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DgramSocket } from 'node-unix-socket';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNotifier } from '../../control/systemd.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'opsbro-notify-'));
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

/** Collects what arrives on a datagram socket until `count` messages are there. */
function listen(path: string, count: number): { received: Promise<string[]>; close: () => void } {
  const socket = new DgramSocket();
  socket.bind(path);
  const messages: string[] = [];
  const received = new Promise<string[]>((resolve) => {
    socket.on('data', (data: Buffer) => {
      messages.push(String(data));
      if (messages.length === count) resolve(messages);
    });
  });
  return { received, close: () => socket.close() };
}

describe('createNotifier', () => {
  it('tells systemd each step of the life of the agent', async () => {
    const path = join(scratch, 'notify');
    const { received, close } = listen(path, 6);
    const notifier = createNotifier({ NOTIFY_SOCKET: path }, { monotonicUs: () => 42n });
    notifier.ready();
    notifier.reloading(true);
    notifier.reloading(false);
    notifier.status('two\nlines');
    notifier.watchdog();
    notifier.stopping();
    expect(await received).toEqual([
      'READY=1\nSTATUS=running',
      'RELOADING=1\nMONOTONIC_USEC=42\nSTATUS=reloading',
      'READY=1\nSTATUS=running',
      'STATUS=two lines',
      'WATCHDOG=1',
      'STOPPING=1\nSTATUS=stopping',
    ]);
    notifier.close();
    notifier.close();
    close();
  });

  it('reaches an abstract socket', async ({ skip }) => {
    const missing = ['/usr/bin/systemd-notify', '/usr/bin/python3'].filter((file) => !existsSync(file));
    if (missing.length > 0 && process.env.OPSBRO_TEST_REQUIRE !== 'all')
      skip(`needs ${missing.join(' and ')}`);
    const name = `opsbro-test-${process.pid}`;
    const script = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.settimeout(20)
s.bind('\\0' + sys.argv[1])
print('bound', flush=True)
for _ in range(2): print(repr(s.recv(4096).decode()), flush=True)`;
    const listener = spawn('/usr/bin/python3', ['-c', script, name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface(listener.stdout)[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('bound');
    const notifier = createNotifier({ NOTIFY_SOCKET: `@${name}` });
    notifier.ready();
    notifier.watchdog();
    expect((await lines.next()).value).toContain('READY=1');
    expect((await lines.next()).value).toContain('WATCHDOG=1');
    await once(listener, 'exit');
  });

  it.each([
    ['nothing', {}],
    ['an empty address', { NOTIFY_SOCKET: '' }],
    ['an address of another kind', { NOTIFY_SOCKET: 'vsock:2:1234' }],
  ])('does nothing with %s', (_, environment) => {
    const notifier = createNotifier(environment);
    notifier.ready();
    notifier.watchdog();
    notifier.close();
    expect(notifier.watchdogMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('survives a listener that is gone', async () => {
    const notifier = createNotifier({ NOTIFY_SOCKET: join(scratch, 'nobody') });
    notifier.ready();
    const { received, close } = listen(join(scratch, 'nobody'), 1);
    notifier.watchdog();
    expect(await received).toEqual(['WATCHDOG=1']);
    notifier.close();
    close();
  });

  it.each([
    [{ WATCHDOG_USEC: '30000000' }, 15_000],
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 15_000],
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, Number.POSITIVE_INFINITY],
    [{ WATCHDOG_USEC: 'soon' }, Number.POSITIVE_INFINITY],
    [{}, Number.POSITIVE_INFINITY],
  ])('asks for a ping at half of the limit of %o', (environment, expected) => {
    const notifier = createNotifier({ NOTIFY_SOCKET: join(scratch, 'n'), ...environment }, { pid: 7 });
    expect(notifier.watchdogMs).toBe(expected);
    notifier.close();
  });
});
