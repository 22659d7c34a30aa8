import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Client } from '../../overcli/client.ts';
import { createLog } from '../../overcli/log.ts';
import { runCommand } from '../../overcli/monitor/command.ts';
import { Monitors } from '../../overcli/monitor/monitors.ts';
import { ReportQueue } from '../../overcli/queue/report-queue.ts';
import { workplace } from './overcli-run.ts';
import { PushServer } from './push-server.ts';

const place = workplace();
afterAll(() => place.remove());

/** The bundle knows its version from the build. */
Object.assign(globalThis, { overcliVersion: 'test' });

it('tells the server of a failure of the program itself, and ends', async () => {
  const server = new PushServer();
  const path = join(place.path, 'monitor.ini');
  const url = await server.listen();
  writeFileSync(path, `[overc]\nserver=${url}\nmy-name=a\nmy-key=b\n[service:x]\nperiod=1\ncommand=true\n`);
  let looks = 0;
  const log = createLog(0, () => {});
  const client = new Client(log);
  const monitors = new Monitors([path], {
    client,
    log,
    queueOf: () => new ReportQueue([place.queue], 'target'),
    clock: () => {
      looks += 1;
      if (looks > 1) throw new TypeError('the clock broke');
      return 0;
    },
  });
  await expect(monitors.watch(new Promise(() => {}))).rejects.toThrow('the clock broke');
  expect(server.taken.at(-1)).toMatchObject({
    route: '/api/set/alerts',
    body: { alerts: [{ message: 'Monitoring failure: TypeError: the clock broke' }] },
  });
  client.close();
  await server.close();
});

it('kills a command that hangs, and says so', async () => {
  const service = { name: 'a', periodS: 1, command: 'sh -c "echo begun; sleep 1000"', maxLagS: undefined };
  expect(await runCommand(service, '/', undefined, 200)).toEqual({
    name: 'a',
    state: 'UNK',
    info: 'begun\nkilled, since it had not ended after 0.2 s',
  });
});

it('cuts what a command says beyond 31 KiB, and waits for no child that holds its output', async () => {
  const flood = {
    name: 'a',
    periodS: 1,
    command: 'sh -c "sleep 3 & head -c 200000 /dev/zero | tr \'\\\\0\' x"',
    maxLagS: undefined,
  };
  const { state, info } = await runCommand(flood, '/');
  expect([state, info.length, info.slice(-20)]).toEqual([
    'OK',
    31_744 + 18,
    '\n… of 200000 bytes'.padStart(20, 'x'),
  ]);
});

it.each([
  ['"open', 'No closing quotation'],
  ['/', 'Permission denied'],
  ['./absent x', 'No such file or directory'],
])('a command that cannot run, %j, is a state with the period of its service', async (command, problem) => {
  expect(await runCommand({ name: 'a', periodS: 7, command, maxLagS: undefined }, '/')).toEqual({
    name: 'a',
    state: 'UNK',
    info: `Failed to execute plugin \`a\` by command \`${command}\`: ${problem}`,
    period: 7,
  });
});
