import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentView, CheckView, CollectorView, PluginView } from '../../control/shapes.ts';
import { type CommandResult, command, opsbro, program } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const files = {
  'demo/monitoring/fine.yml': `check:
  interval: 1s
  critical_if: "1 > 2"
  ok_output: "'all %s fine' % 5"
`,
  'demo/monitoring/close.yml': `check:
  interval: 1s
  warning_if: "1 < 2"
  warning_output: "'close'"
`,
  'demo/monitoring/broken.yml': `check:
  interval: 1s
  display_name: It is broken
  critical_if: "1 < 2"
  critical_output: "'it \\x1b[31mburns'"
`,
  'demo/monitoring/blind.yml': `check:
  interval: 1s
  critical_if: "{{collector.memory.nothing}} > 1"
`,
  'demo/detectors/demo.yml': `detector:
  interval: 1s
  apply_if: "1 == 1"
  add_groups: [demo-host]
`,
};

let agent: RealAgent;
const cli = (...args: string[]): Promise<CommandResult> => command(['--data', agent.data, ...args]);

beforeAll(async () => {
  agent = await startRealAgent({ files });
  const ready = await cli('agent', 'wait-initialized', '--timeout', '100');
  if (ready.code !== 0) throw new Error(`${ready.stderr}\n${agent.output()}`);
  await agent.until('four verdicts', async () => {
    const checks = await agent.get<CheckView[]>('/api/v1/checks');
    return checks.filter((one) => one.pack === 'demo' && one.state !== 'pending').length === 4;
  });
});

afterAll(() => agent?.dispose());

describe('checks', () => {
  it.each([
    ['fine', 0, 'OK - fine: all 5 fine'],
    ['close', 1, 'WARNING - close: close'],
    ['demo/check/broken', 2, 'CRITICAL - It is broken: it burns'],
    ['it is BROKEN', 2, 'CRITICAL - It is broken'],
    ['blind', 3, 'UNKNOWN - blind'],
    ['nothing', 3, "UNKNOWN - no check 'nothing'"],
  ])('show %s answers as a Nagios plugin: exit %i', async (name, code, line) => {
    const shown = await cli('checks', 'show', name);
    expect(shown.stdout.split('\n')[0]).toContain(line);
    expect(shown.stdout).not.toContain('\u001b');
    expect(shown.code).toBe(code);
  });

  it('run NAME runs it now and exits with its state', async () => {
    const before = await agent.get<CheckView>('/api/v1/checks/broken');
    const ran = await cli('checks', 'run', 'It is broken', '--json');
    expect(ran.code).toBe(2);
    expect(Date.parse(ran.json<CheckView>().last_run ?? '')).toBeGreaterThan(
      Date.parse(before.last_run ?? ''),
    );
  });

  it('state --json is the array of every check', async () => {
    const state = await cli('checks', 'state', '--json');
    expect(state.code).toBe(0);
    const demo = state.json<CheckView[]>().filter((one) => one.pack === 'demo');
    expect(demo.map(({ name, state: word }) => [name, word]).sort()).toEqual([
      ['blind', 'unknown'],
      ['broken', 'critical'],
      ['close', 'warning'],
      ['fine', 'ok'],
    ]);
  });

  it('monitoring is the same noun, and state exits 0 whatever the states are', async () => {
    const state = await cli('monitoring', 'state');
    expect(state.code).toBe(0);
    expect(state.stdout).toContain('* Pack demo\n');
    expect(state.stdout).toMatch(/ - demo > It is broken\s+✗ CRITICAL\n {6}\| it burns\n/);
  });

  it('wait-ok ends at once for what is ok, with 1 when the time is up, with 2 for an unknown check', async () => {
    expect(await cli('checks', 'wait-ok', 'fine')).toMatchObject({ code: 0, stdout: 'fine: ok\n' });
    expect(await cli('checks', 'wait-ok', 'It is broken', '--timeout', '0.1')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('it is critical'),
    });
    expect(await cli('checks', 'wait-ok', 'brokn')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("did you mean 'broken'?"),
    });
  });

  it('history tells what changed', async () => {
    const history = await cli('checks', 'history', '--since', '1h', '--json');
    expect(history.json()).toContainEqual(
      expect.objectContaining({ name: 'broken', old_state: 'pending', state: 'critical' }),
    );
  });
});

describe('collectors', () => {
  it('show NAME prints sorted lines, and --json the tree under its own keys', async () => {
    const shown = await cli('collectors', 'show', 'memory');
    const lines = shown.stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) expect(line).toMatch(/^collector\.memory\.\S+ = .*$/);
    const paths = lines.map((line) => line.split(' = ')[0] as string);
    expect(paths).toEqual([...paths].sort());
    const tree = (await cli('collectors', 'show', 'memory', '--json')).json<{ phys_total: number }>();
    expect(tree.phys_total).toBeGreaterThan(0);
  });

  it('show without a name prints all of them', async () => {
    const shown = await cli('collectors', 'show', '--json');
    expect(shown.json()).toMatchObject({ memory: { phys_total: expect.any(Number) }, loadaverage: {} });
  });

  it('run NAME prints fresh values', async () => {
    const before = await agent.get<CollectorView>('/api/v1/collectors/loadaverage');
    const ran = await cli('collectors', 'run', 'loadaverage');
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('collector.loadaverage.load1 = ') });
    const after = await agent.get<CollectorView>('/api/v1/collectors/loadaverage');
    expect(Date.parse(after.last_run ?? '')).toBeGreaterThan(Date.parse(before.last_run ?? ''));
  });

  it('watch NAME --json prints one document a run', async () => {
    const watched = await cli('collectors', 'watch', 'memory', '--json', '--count', '1');
    expect(watched.json()).toMatchObject({ state: 'ok', results: { phys_total: expect.any(Number) } });
  });

  it.each(['list', 'state'])('%s names every collector', async (verb) => {
    const table = await cli('collectors', verb);
    expect(table.stdout).toMatch(/^NAME /);
    expect(table.stdout).toMatch(/^memory +(enabled|ok) /m);
  });

  it.each(['show', 'run', 'wait-ok', 'watch'])('%s exits 2 for a name that does not exist', async (verb) => {
    expect(await cli('collectors', verb, 'memroy')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: "opsbro: no collector 'memroy'; did you mean 'memory'?\n",
    });
  });
});

describe('detectors and groups', () => {
  it('list shows rules, run the groups they give', async () => {
    expect((await cli('detectors', 'list')).stdout).toMatch(/^demo +demo +demo-host +1 == 1$/m);
    const ran = await cli('detectors', 'run');
    expect(ran.stdout).toMatch(/^Groups: .*demo-host/);
    expect(ran.stdout).toContain('New groups:');
  });

  it('groups names the detector behind a group', async () => {
    const groups = await cli('groups', '--json');
    expect(groups.json()).toContainEqual(
      expect.objectContaining({ name: 'demo-host', source: 'detected', detectors: ['demo/detector/demo'] }),
    );
  });

  it('wait-group waits for a group', async () => {
    expect((await cli('detectors', 'wait-group', 'demo-host')).code).toBe(0);
    expect((await cli('detectors', 'wait-group', 'other', '--timeout', '100ms')).code).toBe(1);
  });
});

describe('evaluator', () => {
  it.each([
    [['1 + 1'], '2\n'],
    [['-1 + 2'], '1\n'],
    [['--', '-1'], '-1\n'],
    [['-1', '--explain'], expect.stringMatching(/-1 → -1\n.*\n-1\n$/s)],
    [["'%s%%' % 5"], '5%\n'],
    [['1 < 2'], 'True\n'],
    [["['v1', 'v2']"], "['v1', 'v2']\n"],
  ])('eval %j prints the value last', async (args, stdout) => {
    expect(await cli('evaluator', 'eval', ...args)).toMatchObject({ code: 0, stdout });
  });

  it.each([['-v'], ['1 +'], ['nofunction()'], ['1 / 0']])(
    'eval %j says what is wrong and exits 2',
    async (text) => {
      const result = await cli('evaluator', 'eval', text);
      expect(result).toMatchObject({ code: 2, stdout: '' });
      expect(result.stderr).toMatch(/^opsbro: ./);
    },
  );

  it('eval names what is missing', async () => {
    const result = await cli('evaluator', 'eval', '{{collector.memory.nothing}}');
    expect(result.stderr).toBe('missing: collector.memory.nothing\n');
  });

  it('wait-eval-true waits for truth, not for a parse error', async () => {
    expect((await cli('evaluator', 'wait-eval-true', '1 == 1')).code).toBe(0);
    expect((await cli('evaluator', 'wait-eval-true', '-1 == 1', '--timeout', '0.1s')).code).toBe(1);
    expect((await cli('evaluator', 'wait-eval-true', '1 ==')).code).toBe(2);
  });
});

describe('agent and plugins', () => {
  it('info shows the host, its checks and its configuration', async () => {
    const info = await cli('agent', 'info', '--show-logs');
    for (const text of ['demo-host', 'Loop delay', 'Slowest plugins', agent.data, agent.config]) {
      expect(info.stdout).toContain(text);
    }
    expect(info.stdout).not.toContain('\u001b');
    // The shipped checks of a busy machine count too.
    expect(info.stdout).toMatch(/Checks .* [1-9]\d* critical/);
    expect((await cli('agent', 'info', '--json')).json<AgentView>().checks.critical).toBeGreaterThan(0);
  });

  it('print prints one value', async () => {
    const { uuid } = await agent.get<AgentView>('/api/v1/agent');
    expect((await cli('agent', 'print', 'uuid')).stdout).toBe(`${uuid}\n`);
    expect((await cli('agent', 'print', 'local-addr')).stdout).toMatch(/^[\d.]+\n$/);
    expect((await cli('agent', 'print', 'shoe-size')).code).toBe(2);
  });

  it('plugins list and show tell how a plugin fares', async () => {
    const listed = (await cli('plugins', 'list', '--json')).json<PluginView[]>();
    expect(listed).toContainEqual(
      expect.objectContaining({ id: 'collector/memory', kind: 'collector', state: 'ok' }),
    );
    expect((await cli('plugins', 'show', 'collector/memory')).stdout).toContain('core/collector/memory');
    expect((await cli('plugins', 'show', 'collector/none')).code).toBe(2);
    expect((await cli('agent', 'modules', 'state')).stdout).toContain('collector/memory');
  });

  it('reload says what changed, and exits 78 when a file is bad', async () => {
    agent.write('demo/monitoring/later.yml', 'check:\n  interval: 1h\n  critical_if: "1 > 2"\n');
    const good = await cli('agent', 'reload');
    expect(good.stdout).toMatch(/^OK: generation \d+/m);
    agent.write('demo/monitoring/later.yml', 'check:\n  critical_if: "1 >"\n');
    const bad = await cli('agent', 'reload');
    expect(bad.code).toBe(78);
    expect(bad.stdout).toMatch(/later\.yml:2:\d+: error: /);
  });
});

/** Every verb that only looks: with --json each prints one JSON document. */
const looking = [
  ['agent', 'info'],
  ['agent', 'threads'],
  ['agent', 'internal', 'show-threads'],
  ['agent', 'print', 'uuid'],
  ['agent', 'wait-initialized'],
  ['agent', 'modules', 'state'],
  ['checks', 'list'],
  ['checks', 'state'],
  ['checks', 'show', 'fine'],
  ['checks', 'history'],
  ['checks', 'report'],
  ['checks', 'compare', 'fine', 'close'],
  ['explain', 'check', 'fine'],
  ...['list', 'state', 'show', 'history'].map((verb) => ['collectors', verb]),
  ...['list', 'state', 'run', 'history'].map((verb) => ['detectors', verb]),
  ['detectors', 'wait-group', 'demo-host'],
  ['groups'],
  ['evaluator', 'eval', '1 + 1'],
  ['evaluator', 'wait-eval-true', '1 == 1'],
  ['plugins', 'list'],
  ['plugins', 'show', 'collector/memory'],
  ...['downtime', 'ack', 'silence', 'handlers', 'packs', 'groups', 'evaluator'].map((noun) => [noun, 'list']),
  ['handlers', 'outbox', 'list'],
  ...['show', 'schema'].map((verb) => ['config', verb]),
  ['agent', 'parameters', 'show'],
  ['agent', 'log', 'list'],
  ['agent', 'keygen'],
  ['version'],
];

describe('every verb', () => {
  it.each(looking.map((words) => [words]))('%j prints JSON on stdout alone', async (words) => {
    const result = await opsbro(['--data', agent.data, ...words, '--json']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.json()).not.toBeNull();
  });

  it('global options may stand anywhere, and the environment names the agent too', async () => {
    const first = await opsbro(['--json', '--data', agent.data, 'groups']);
    const named = await opsbro(['groups', 'list', '--json'], { OPSBRO_DATA: agent.data });
    expect(named.json()).toEqual(first.json());
  });
});

describe('without an agent', () => {
  const data = mkdtempSync(join(tmpdir(), 'opsbro-none-'));
  afterAll(() => rmSync(data, { recursive: true }));

  it.each([
    ['agent', 'info'],
    ['agent', 'stop'],
    ['collectors', 'run', 'memory'],
  ])('%s %s says that no agent runs and names the socket', async (...words) => {
    const result = await opsbro([...words, '--data', data]);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain(`no agent answers on ${join(data, 'run', 'opsbro.sock')}`);
  });

  it('says it as JSON on stderr with --json, with the code to match on', async () => {
    const { code, stderr } = await opsbro(['agent', 'info', '--json', '--data', data]);
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'OPSBRO_AGENT_NOT_RUNNING' } });
  });

  it('agent start refuses a log level of the environment that does not exist', async () => {
    const result = await opsbro(['agent', 'start', '--data', data], { OPSBRO_LOG_LEVEL: 'loud' });
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining("log level 'loud'") });
  });

  it('wait-initialized exits 1 when the time is up', async () => {
    const result = await opsbro(['agent', 'wait-initialized', '--timeout', '0.1', '--data', data]);
    expect(result.code).toBe(1);
  });

  it('a command that may starts an agent of its own, which leaves nothing behind', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'opsbro-tmp-'));
    const result = await opsbro(
      ['evaluator', 'eval', '{{collector.memory.phys_total}} > 0', '--data', data, '--config', agent.config],
      { TMPDIR: scratch },
    );
    const none = `no agent runs at ${join(data, 'run', 'opsbro.sock')}; `;
    const stderr = `${none}starting a temporary agent for this command\n${none}these results come from a temporary agent\n`;
    expect(result).toMatchObject({ code: 0, stdout: 'True\n', stderr });
    expect(readdirSync(scratch)).toEqual([]);
    expect(existsSync(join(data, 'run'))).toBe(false);
    rmSync(scratch, { recursive: true });
  });
});

describe('a command with an agent of its own', () => {
  it('takes it along when it is interrupted', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'opsbro-tmp-'));
    const child = spawn(program, ['evaluator', 'wait-eval-true', '1 == 2', '--data', join(scratch, 'none')], {
      env: { PATH: process.env.PATH ?? '', TMPDIR: scratch },
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await agent.until('the temporary agent', async () => {
      const [directory] = readdirSync(scratch);
      return directory !== undefined && existsSync(join(scratch, directory, 'run', 'opsbro.sock'));
    });
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(readdirSync(scratch)).toEqual([]);
    rmSync(scratch, { recursive: true });
  });
});

describe('usage', () => {
  it.each([
    [['nonsense']],
    [['checks']],
    [['checks', 'stat']],
    [['checks', 'show']],
    [['checks', 'state', '--nonsense']],
    [['collectors', 'watch', 'memory', '--count', 'many']],
    [['checks', 'wait-ok', 'fine', '--timeout', 'soon']],
    [['agent', 'start', '--one-shot', '--daemon']],
    [['agent', 'start', '--log-level', 'loud']],
  ])('%j exits 2 and writes nothing to stdout', async (words) => {
    const result = await cli(...words);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).not.toBe('');
  });

  it('no word at all prints the banner and the nouns', async () => {
    const result = await opsbro([]);
    expect(result.code).toBe(0);
    for (const noun of ['agent', 'checks', 'collectors', 'config', 'packs']) {
      expect(result.stdout).toMatch(new RegExp(`^  ${noun}\\b`, 'm'));
    }
  });
});

describe('agent stop', () => {
  it('prints OK once the agent is gone', async () => {
    const other = await startRealAgent();
    expect(await opsbro(['agent', 'stop', '--data', other.data])).toMatchObject({ code: 0, stdout: 'OK\n' });
    expect(await other.stop()).toBe(0);
    await other.dispose();
  });
});
