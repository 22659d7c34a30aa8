import { type ChildProcess, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckView, PluginView } from '../../control/shapes.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const check = (condition: string, more = ''): string =>
  `check:\n  interval: 1s\n  critical_if: ${JSON.stringify(condition)}\n  critical_output: "'true'"\n  ok_output: "'fine'"\n${more}`;
const javascript = (condition: string): string => check(condition, '  language: javascript\n');

const faults: [name: string, file: string, code: string][] = [
  ['missing-collector', check('{{collector.absent.a}} > 1'), 'collector.absent.a'],
  ['division-by-zero', check('1 / ({{collector.loadaverage.load1}} * 0) > 1'), 'OPSBRO_EXPRESSION_VALUE'],
  ['huge-string', check("len('x' * 1000000000) > 1"), 'OPSBRO_EXPRESSION_LIMIT'],
  ['type-mix', check("'a' + 1 == 2"), 'OPSBRO_EXPRESSION_TYPE'],
  ['js-loop', javascript('(() => { for (;;) {} })()'), 'OPSBRO_EXPRESSION_TIMEOUT'],
  ['js-regexp', javascript("/^(a+)+$/.test('a'.repeat(40) + '!')"), 'OPSBRO_EXPRESSION_TIMEOUT'],
  ['js-join', javascript('Array(1e9).join().length > 1'), 'OPSBRO_EXPRESSION_KILLED'],
  ['js-string', javascript("'x'.repeat(1e9).length > 1"), 'OPSBRO_EXPRESSION_MEMORY'],
  ['js-recursion', javascript('(function f() { return f() })()'), 'OPSBRO_EXPRESSION_LIMIT'],
];

/** A listener whose queue is full: the kernel drops further connection requests, as a black hole does. */
async function blackHole(): Promise<{ port: number; close(): void }> {
  const program =
    "const s=require('net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},()=>{process.stdout.write(String(s.address().port));" +
    'setImmediate(()=>Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0))})';
  const child: ChildProcess = spawn(process.execPath, ['-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve) =>
    child.stdout?.once('data', (text) => resolve(Number(text))),
  );
  const fillers: Socket[] = [];
  for (let index = 0; index < 4; index += 1)
    fillers.push(connect(port, '127.0.0.1').on('error', () => undefined));
  return {
    port,
    close() {
      for (const filler of fillers) filler.destroy();
      child.kill('SIGKILL');
    },
  };
}

describe('expressions that misbehave', () => {
  let agent: RealAgent;
  let hole: Awaited<ReturnType<typeof blackHole>>;

  beforeAll(async () => {
    hole = await blackHole();
    const files = Object.fromEntries(faults.map(([name, file]) => [`${name}.yml`, file]));
    agent = await startRealAgent({
      files: {
        ...files,
        'bystander.yml': check('{{collector.loadaverage.load1}} < 0'),
        'black-hole.yml': check(`check_tcp('127.0.0.1', ${hole.port})`),
      },
    });
  });

  afterAll(async () => {
    await agent.dispose();
    hole.close();
  });

  async function view(name: string): Promise<CheckView> {
    return agent.get<CheckView>(`/api/v1/checks/${name}`);
  }

  it.each(faults)('%s is UNKNOWN and names the reason, and others are evaluated', async (name, _, reason) => {
    const found = await agent.until(`${name} to be judged`, async () => {
      const row = await view(name);
      return row.state !== 'pending' && row;
    });
    expect(found.state).toBe('unknown');
    expect(`${found.error?.code} ${found.missing.join()} ${found.output}`).toContain(reason);
    const before = (await view('bystander')).last_run;
    const after = await agent.until('the bystander to run on', async () => {
      const row = await view('bystander');
      return row.last_run !== before && row;
    });
    expect(after.state).toBe('ok');
  });

  it('waits for a black hole with the default timeout, and delays nobody', async () => {
    const before = (await view('bystander')).last_run;
    await agent.until('the bystander', async () => (await view('bystander')).last_run !== before);
    const found = await agent.until('the verdict', async () => {
      const row = await view('black-hole');
      return row.state !== 'pending' && row;
    });
    expect(found).toMatchObject({ state: 'ok', output: 'fine' });
    const plugin = await agent.get<PluginView>('/api/v1/plugins/functions/network');
    expect(plugin.runs).toBeGreaterThan(0);
  });

  it.each([
    ['unknown-function', 'no_such_function(1)', 'no_such_function'],
    ['unknown-name', 'collector', 'collector'],
    ['two-statements', '1; import os', 'import'],
    ['deep-nesting', `${'('.repeat(5000)}1${')'.repeat(5000)}`, ''],
  ])('%s is refused when it is loaded, with its place', async (name, expression, found) => {
    agent.write(`${name}.yml`, check(expression));
    const status = await agent.until('the error', async () => {
      const each = await agent.get<{
        diagnostics: { severity: string; message: string; place: { file: string; line: number } }[];
      }>('/api/v1/config/status');
      return each.diagnostics.find(
        ({ place, severity }) => severity === 'error' && place.file.endsWith(`${name}.yml`),
      );
    });
    expect(status.place.line).toBe(3);
    expect(status.message).toContain(found);
  });
});
