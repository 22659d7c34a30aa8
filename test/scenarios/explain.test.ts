import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckExplanationView, CheckView, HandlerExplanation } from '../../control/shapes.ts';
import { type CommandResult, command } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const check = (condition: string, keys = ''): string =>
  `check:\n  interval: 1s\n  critical_if: "${condition}"\n${keys}`;
const handler = (keys = ''): string => `handler:\n  type: log\n${keys}`;
const fine = '1 > 2';
const broken = '{{collector.memory.phys_used}} > -1';
/** Begun with every hold in place. */
const names = ['planned', 'known', 'silent', 'parent', 'child', 'free', 'shadowy'];
const keysOf: { [name: string]: string } = {
  child: '  depends_on: [parent]\n',
  shadowy: '  mode: shadow\n',
};

let agent: RealAgent;
const cli = (...args: string[]): Promise<CommandResult> => command(['--data', agent.data, ...args]);

async function explain(name: string, ...more: string[]): Promise<CheckExplanationView> {
  const { stdout, stderr } = await cli('explain', 'check', name, '--json', ...more);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as CheckExplanationView;
}

function of({ handlers }: CheckExplanationView, name: string): HandlerExplanation {
  const found = handlers.find((one) => one.name === name);
  if (found === undefined) throw new Error(`nothing about ${name}: ${JSON.stringify(handlers)}`);
  return found;
}

const state = (name: string): Promise<CheckView> =>
  agent.get<CheckView>(`/api/v1/checks/demo%2Fcheck%2F${name}`);

async function become(name: string, wanted: CheckView['state']): Promise<void> {
  agent.write(`demo/checks/${name}.yml`, check(wanted === 'ok' ? fine : broken, keysOf[name]));
  await agent.until(`${name} is ${wanted}`, async () => {
    const { hard, state: found } = await state(name);
    return found === wanted && hard;
  });
}

async function act(...args: string[]): Promise<void> {
  const { code, stderr } = await cli(...args);
  expect([code, stderr]).toEqual([0, '']);
}

const wasTold = (name: string): boolean =>
  agent
    .output()
    .split('\n')
    .some((line) => line.includes('"key":') && line.includes(`demo/check/${name}/`));

beforeAll(async () => {
  agent = await startRealAgent({
    files: {
      'demo/handlers/tell.yml': handler(),
      'demo/handlers/mild.yml': handler('  severities: [ok, warning]\n'),
      'demo/handlers/away.yml': handler('  if_group: somewhere-else\n'),
      'demo/handlers/asleep.yml': handler('  quiet_hours:\n    - {from: "00:00", to: "24:00"}\n'),
      'demo/handlers/together.yml': handler('  group_by: [pack]\n  group_wait: 1h\n'),
      'ntfy/parameters.yml': 'parameters:\n  token: hunter2\n',
      'ntfy/checks/locked.yml': check(`'{{parameters.token}}' != 'x' and ${broken}`),
      'ntfy/checks/called.yml': `check:\n  interval: 1s\n  script: "test -z '$token$' || exit 2"\n`,
      'demo/checks/derived.yml': check(
        '{{variables.twice}} > -1',
        "  variables:\n    used: '{{collector.memory.phys_used}}'\n    twice: '2 * {{variables.used}}'\n",
      ),
      'demo/checks/soft.yml': check(broken, '  attempts: 100\n'),
      ...Object.fromEntries(names.map((name) => [`demo/checks/${name}.yml`, check(fine, keysOf[name])])),
    },
  });
  for (const name of names)
    await agent.until(`${name} is ok`, async () => (await state(name)).state === 'ok');
  await act('downtime', 'add', 'planned', '--duration', '1h', '--id', 'work', '--comment', 'new disk');
  await act('silence', 'add', 'silent', '--duration', '1h', '--id', 'hush');
  await act('silence', 'add', 'known', '--duration', '1h', '--id', 'until-acknowledged');
  for (const name of names) await become(name, 'critical');
  await act('ack', 'add', 'known', '--comment', 'on it');
  await act('silence', 'remove', 'until-acknowledged');
  await agent.until('the free problem', async () => wasTold('free'));
});

afterAll(() => agent?.dispose());

describe('explain check', () => {
  it.each([
    ['planned', 'downtime', /downtime 'work'.*new disk/],
    ['known', 'acknowledgement', /acknowledgement .*: on it/],
    ['silent', 'silence', /silence 'hush'/],
    ['child', 'dependency', /depends on 'demo\/check\/parent', which is critical/],
  ])('says why nobody is told of %s: its %s', async (name, kind, text) => {
    const view = await explain(name);
    expect(view.holds).toMatchObject([{ kind, text: expect.stringMatching(text) }]);
    expect(of(view, 'tell')).toMatchObject({ outcome: 'held', reason: expect.stringMatching(text) });
    expect(wasTold(name)).toBe(false);
  });

  it('says with which key a handler was told, and that it was delivered', async () => {
    const view = await explain('free');
    expect(of(view, 'tell')).toMatchObject({
      outcome: 'up-to-date',
      told: { state: 'critical', key: expect.stringMatching(/\/demo\/check\/free\/[\d.]+\/problem$/) },
      deliveries: [{ outcome: 'delivered' }],
    });
  });

  it.each([
    ['mild', 'not-wanted', "its severities lack 'critical'", ''],
    ['away', 'not-wanted', 'its if_group does not hold here', ''],
    ['asleep', 'held', 'quiet hours', ''],
    ['together', 'waits', 'for the group pack=demo', 'pack=demo'],
  ])('says why %s is not told: %s, %s', async (name, outcome, reason, group) => {
    expect(of(await explain('free'), name)).toMatchObject({ outcome, reason, group, told: null });
  });

  it('says who would be told of another state, and who not, as they really are', async () => {
    const free = await explain('free', '--if', 'warning');
    expect(free).toMatchObject({ supposed: 'warning', check: { state: 'critical' } });
    expect(['tell', 'mild', 'away', 'asleep', 'together'].map((name) => of(free, name))).toMatchObject([
      { outcome: 'told', reason: 'it was told critical before', told: null, delivery: null },
      { outcome: 'told', reason: 'a new problem' },
      { outcome: 'not-wanted', reason: 'its if_group does not hold here' },
      { outcome: 'held', reason: 'quiet hours' },
      { outcome: 'told', reason: 'a new problem', group: 'pack=demo' },
    ]);
    expect(of(await explain('free', '--if', 'ok'), 'tell')).toMatchObject({
      outcome: 'told',
      reason: 'the check is ok again',
    });
    const planned = await explain('planned', '--if', 'unknown');
    expect(of(planned, 'tell')).toMatchObject({ outcome: 'held', reason: expect.stringContaining("'work'") });
    const { stdout } = await cli('explain', 'free', '--if', 'warning');
    expect(stdout).toContain('\nhandlers, if it were hard warning now\n');
    expect(stdout).toContain('\n  mild: told: a new problem\n');
    expect(wasTold('planned')).toBe(false);
    expect(await cli('explain', 'free', '--if', 'red')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--if is 'red', expected ok, warning, critical, unknown"),
    });
    expect((await cli('explain', 'free', '--if', 'ok', '--at', '1m')).code).toBe(2);
    await expect(agent.get('/api/v1/explain/checks/free?if=red')).rejects.toThrow("if is 'red'");
  });

  it('says that a soft state is told to nobody yet', async () => {
    expect(of(await explain('soft'), 'tell')).toMatchObject({
      outcome: 'waits',
      reason: expect.stringMatching(/^its state is soft \(attempt \d+ of 100, not ok since /),
    });
  });

  it('shows the conditions, each part with its value, what was read and how old that is', async () => {
    const { stdout } = await cli('explain', 'check', 'free');
    expect(stdout).toMatch(/^CRITICAL free demo\/check\/free since /);
    expect(stdout).toMatch(/critical_if: .* → True\n +\{\{collector\.memory\.phys_used\}\} → [\d.]+\n/);
    expect(stdout).toMatch(/\nread\n {2}collector\.memory\.phys_used = [\d.]+ \(.* old\)\n/);
    expect(stdout).toMatch(/\n {2}\S+ ok → critical \(run, hard\): .*\n {4}collector\.memory/);
    expect(stdout).toMatch(/\n {2}mild: not wanted: its severities lack 'critical'/);
    expect(stdout).toMatch(
      /\n {2}tell: nothing to tell: .*\n {4}told critical .* key .*\n {6}delivered (?:now|.* ago) \(/,
    );
  });

  it('takes the word check for granted', async () => {
    const { stdout, code } = await cli('explain', 'free');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^CRITICAL free demo\/check\/free since /);
    expect((await cli('explain', 'fre')).stderr).toContain("did you mean 'free'?");
  });

  it('shows the variables of a check, and what they came to', async () => {
    const { stdout } = await cli('explain', 'check', 'derived');
    expect(stdout).toContain('\n  variables.used: {{collector.memory.phys_used}}\n');
    expect(stdout).toMatch(
      /critical_if: .* → True\n +\{\{variables\.twice\}\} → [\d.]+\n +2 \* \{\{variables\.used\}\} → [\d.]+\n/,
    );
  });

  it('shows the parents of a check and their states', async () => {
    const { dependencies } = await explain('child');
    expect(dependencies).toMatchObject([{ id: 'demo/check/parent', state: 'critical', hard: true }]);
  });

  it('shows a script as its file has it and as it is run, and no parameter that is a secret', async () => {
    await agent.until('a verdict', async () => {
      const locked = await agent.get<CheckView>('/api/v1/checks/ntfy%2Fcheck%2Flocked');
      const called = await agent.get<CheckView>('/api/v1/checks/ntfy%2Fcheck%2Fcalled');
      return locked.state === 'critical' && called.state === 'critical';
    });
    for (const name of ['locked', 'called']) {
      const { stdout } = await cli('explain', 'check', name);
      expect(stdout).toMatch(/^CRITICAL /);
      expect(stdout + JSON.stringify(await explain(name))).not.toContain('hunter2');
    }
    const { written } = await explain('called');
    expect(written).toContainEqual({ key: 'script', value: "test -z '$token$' || exit 2" });
    expect(written).toContainEqual({ key: 'command', value: "test -z '********' || exit 2" });
    expect((await cli('explain', 'check', 'called')).stdout).toContain(
      "command: test -z '********' || exit 2",
    );
  });

  it('answers a name that is not there with the nearest, and a time that is none with how to write one', async () => {
    expect(await cli('explain', 'check', 'fre')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("did you mean 'free'?"),
    });
    expect(await cli('explain', 'check', 'free', '--at', 'noonish')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--at 'noonish' is no time that has passed"),
    });
  });
});

describe('explain check --at', () => {
  it('tells what was so before, between and after, also to the next agent', async () => {
    const held = new Date().toISOString();
    await act('downtime', 'remove', 'work');
    await agent.until('the problem', async () => of(await explain('planned'), 'tell').deliveries.length > 0);
    const told = new Date().toISOString();
    await become('planned', 'ok');
    await agent.stop();
    const { data, config } = agent;
    const first = agent;
    agent = await startRealAgent({ data, config });
    try {
      expect(await explain('planned', '--at', '2020-01-01T00:00:00Z')).toMatchObject({
        past: true,
        last_step: null,
        handlers: [],
      });
      const before = await explain('planned', '--at', held);
      expect(before.last_step).toMatchObject({ state: 'critical', hard: true });
      expect(before.seen).toMatchObject([{ key: 'collector.memory.phys_used', value: expect.any(Number) }]);
      expect(of(before, 'tell')).toMatchObject({ outcome: 'held', told: null });
      expect(of(before, 'tell').reason).toMatch(/downtime 'work'/);
      const after = await explain('planned', '--at', told);
      expect(of(after, 'tell').outcome).toMatch(/^(told|up-to-date)$/);
      expect(of(after, 'tell')).toMatchObject({
        told: { state: 'critical', key: expect.stringMatching(/\/planned\/[\d.]+\/problem$/) },
        deliveries: [{ outcome: 'delivered' }],
      });
      expect(after.steps.map((step) => step.state)).toEqual(['ok', 'critical']);
      const { stdout } = await cli('explain', 'check', 'planned', '--at', '2020-01-01T00:00:00Z');
      expect(stdout).toMatch(/: nothing is known\n {2}the records begin at \d{4}-/);
      const now = await explain('planned');
      expect(of(now, 'tell').told).toMatchObject({ key: expect.stringMatching(/\/recovery$/) });
    } finally {
      await agent.stop();
      agent = first;
      await first.dispose();
    }
  });
});
