import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

const compiled = (path: string): string =>
  JSON.stringify(new URL(`../../dist/${path}.js`, import.meta.url).href);

function start(script: string, stdout: 'ignore' | 'pipe') {
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', stdout, 'inherit'],
  });
}

const begin = `import { ProcessEnd } from ${compiled('cli/process-end')};
import { Worker } from 'node:worker_threads';
const processEnd = new ProcessEnd();
const thread = (code) => new Promise((resolve) => {
  new Worker('require("worker_threads").parentPort.postMessage(0);' + code, { eval: true, execArgv: [] }).once('message', resolve);
});`;

it.each([
  ['nothing runs', ''],
  ['a thread blocks', `await thread('for(;;);');`],
  ['a thread waits', `await thread('setInterval(() => {}, 1000)');`],
])('exits with the code given when %s', async (_, act) => {
  const child = start(`${begin} ${act} await processEnd.end(7, 'SIGTERM', 30_000);`, 'ignore');
  expect(await once(child, 'exit')).toEqual([7, null]);
});

it('ends by the signal, though it is caught, when a socket whose reader lags takes no more of the log', async () => {
  const script = `${begin}
    process.on('SIGINT', () => {});
    import { createLog } from ${compiled('core/log')};
    const log = createLog({ level: 'info', pretty: false });
    for (let line = 0; line < 20_000; line += 1) log.info('x'.repeat(1000));
    await log.close();
    await processEnd.end(7, 'SIGINT', 50);`;
  // The pipes of Node's own children are sockets.
  const child = start(script, 'pipe');
  child.stdout?.pause();
  expect(await once(child, 'exit')).toEqual([null, 'SIGINT']);
});
