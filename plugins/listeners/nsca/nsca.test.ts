import { connect } from 'node:net';
import type { PassiveReport, RouteAnswer } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterEach, expect, it } from 'vitest';
import type { Options } from './options.ts';
import { Nsca } from './service.ts';
import { closed, connected, encrypt, packetOf, type Sent } from './test-client.ts';

const defaults: Options = {
  ...{ enabled: true, address: '127.0.0.1', port: 0, password: 'secret', decryption_method: 14 },
  ...{ max_packet_age: '30s', timeout: '10s', max_connections: 100, max_checks: 100, forget: '30d' },
  ...{ default_handlers: [], services: [] },
};
const running: Nsca[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((nsca) => nsca.close()));
});

async function start(options: Partial<Options> = {}) {
  const reports: PassiveReport[] = [];
  const ctx = serviceContext<Options>({
    options: { ...defaults, ...options },
    ask: async ({ route, body }): Promise<RouteAnswer> => {
      if (route === '/api/v1/passive') reports.push(body as unknown as PassiveReport);
      return {
        status: 200,
        type: 'application/json',
        body: Buffer.from(route === '/api/v1/checks' ? '[]' : '{}'),
      };
    },
  });
  const nsca = new Nsca(ctx);
  running.push(nsca);
  await nsca.open();
  const results = () => reports.flatMap(({ results: some = [] }) => some);
  const send = async (...packets: Sent[]): Promise<void> => {
    const { socket, iv, time } = await connected(nsca.port);
    const { password, decryption_method: method } = { ...defaults, ...options };
    socket.end(
      encrypt(
        method,
        password,
        iv,
        packets.map((packet) => packetOf({ time, ...packet })),
      ),
    );
    await closed(socket);
  };
  return { nsca, ctx, reports, results, send };
}

it('makes checks of what is sent, and drops what is of another time or version', async () => {
  const { nsca, results, send } = await start();
  const old = Math.floor(Date.now() / 1000) - 40;
  await send(
    { host: 'web1', service: 'backup', code: 1, output: 'late | x=1' },
    { host: 'web1', service: 'backup', output: 'replayed', time: old },
    { host: 'web1', service: 'backup', output: 'to come', time: old + 80 },
    { host: 'web1', service: 'backup', output: 'of nsca 1', version: 1 },
    { host: 'web1', code: 1, output: 'down' },
  );
  await nsca.close();
  expect(results()).toEqual([
    { check: 'nsca/check/web1/backup', state: 'warning', output: 'late | x=1', plugin_output: true },
    { check: 'nsca/check/web1', state: 'critical', output: 'down', plugin_output: true },
  ]);
  expect(nsca.figures()).toMatchObject({
    ...{ checks: 2, packets: { unreadable: 0, version: 1, old: 2 }, connections: { taken: 1, open: 0 } },
  });
});

it('takes what was recorded of another connection for nothing', async () => {
  const { nsca, results } = await start();
  const first = await connected(nsca.port);
  const recorded = encrypt(14, 'secret', first.iv, [packetOf({ host: 'a', time: first.time })]);
  const second = await connected(nsca.port);
  second.socket.write(recorded);
  await closed(second.socket);
  first.socket.destroy();
  await nsca.close();
  expect([results(), nsca.figures().packets]).toEqual([[], { unreadable: 1, version: 0, old: 0 }]);
});

it('tells an operator of senders that it cannot read, once a while', async () => {
  const { nsca, ctx } = await start();
  for (let count = 0; count < 3; count += 1) {
    const { socket } = await connected(nsca.port);
    socket.write(Buffer.alloc(4304, 'GET / HTTP/1.1\r\n'));
    await closed(socket);
  }
  const told = ctx.logs.filter(({ level }) => level === 'warn');
  expect(told.map(({ message }) => message)).toEqual([
    expect.stringContaining('127.0.0.1 sends cannot be read'),
  ]);
  expect(nsca.figures()).toMatchObject({ packets: { unreadable: 3 } });
});

it('ends who takes too long, drip or not, and has no more connections than it may', async () => {
  const { nsca } = await start({ timeout: '150ms', max_connections: 2 });
  const slow = await connected(nsca.port);
  const drip = setInterval(() => slow.socket.write('x'), 20);
  const silent = await connected(nsca.port);
  const third = connect(nsca.port, '127.0.0.1');
  await Promise.all([third, slow.socket, silent.socket].map(closed));
  clearInterval(drip);
  await expect.poll(() => nsca.figures().connections).toEqual({ open: 0, taken: 2, refused: 1, late: 2 });
});

it.each<[Partial<Options>, string]>([
  [{ password: '' }, "'decryption_method: 14' takes a 'password'"],
  [{ address: 'localhost' }, "'address' is no address: localhost"],
  [{ services: [{ match: '*', freshness: 'soon' }] }, "'soon' is no duration"],
])('says what is wrong with %j', (options, message) => {
  const ctx = serviceContext<Options>({ options: { ...defaults, ...options } });
  expect(() => new Nsca(ctx)).toThrow(message);
});

it('says which option to change where the port is in use, and warns of strangers', async () => {
  const { nsca } = await start({ address: '0.0.0.0', decryption_method: 0 });
  await expect(start({ port: nsca.port })).rejects.toThrow(
    `port ${nsca.port} is in use; give 'nsca' another 'port'`,
  );
});

it('stands whatever bytes come, and still takes what is right', async () => {
  const { nsca, results, send } = await start({ max_checks: 5 });
  for (let round = 0; round < 40; round += 1) {
    const { socket, iv, time } = await connected(nsca.port);
    // Right in all that can be checked, with texts of noise; and cut anywhere, or with a bit turned.
    const noise = Buffer.from(
      Array.from({ length: 60 }, (_, index) => (index * 97 * (round + 1)) % 256),
    ).toString('latin1');
    const packet = packetOf({
      host: round % 2 === 0 ? noise.slice(0, 15) : `h${round}`,
      service: round % 4 === 1 ? noise.slice(15, 40) : 's',
      output: noise,
      code: round - 9,
      time,
    });
    const bytes = encrypt(14, 'secret', iv, [packet]);
    if (round % 3 === 1) bytes[(round * 107) % bytes.length] = 0;
    socket.end(round % 3 === 2 ? bytes.subarray(0, (round * 107) % bytes.length) : bytes);
    await closed(socket);
  }
  await send({ host: 'nobody-knew', service: 'x' });
  expect(nsca.figures()).toMatchObject({ checks: 5, connections: { open: 0, taken: 41 } });
  expect(results().every(({ check }) => /^nsca\/check\/\P{Cc}+$/u.test(check))).toBe(true);
});
