import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CheckView, ComparisonView, HistoryView } from '../../control/shapes.ts';
import { command } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const check = (condition: string, keys = ''): string =>
  `check:\n  interval: 1s\n  critical_if: "${condition}"\n${keys}`;
const fine = '1 > 2';
const broken = '1 < 2';

let agent: RealAgent;

/** What the handler was told of a check: `problem` and `recovery`, in order. */
function told(name: string): string[] {
  return agent
    .output()
    .split('\n')
    .filter((line) => line.includes(`"key":`) && line.includes(`demo/check/${name}/`))
    .map((line) => /"type":"(\w+)"/.exec(line)?.[1] ?? line);
}

async function become(name: string, state: CheckView['state'], keys = ''): Promise<void> {
  agent.write(`demo/checks/${name}.yml`, check(state === 'ok' ? fine : broken, keys));
  await agent.until(`${name} ${state}`, async () => {
    const { hard, state: found } = await agent.get<CheckView>(`/api/v1/checks/demo%2Fcheck%2F${name}`);
    return found === state && hard;
  });
}

const cli = async (...args: string[]): Promise<void> => {
  const { code, stderr } = await command(['--data', agent.data, ...args]);
  expect([code, stderr]).toEqual([0, '']);
};

const dependent = '  depends_on: [router]\n';
const shadow = '  mode: shadow\n';

beforeAll(async () => {
  const names = ['door', 'window', 'router', 'free', 'old'];
  agent = await startRealAgent({
    files: {
      'demo/handlers/tell.yml': 'handler:\n  type: log\n',
      'demo/checks/site.yml': check(fine, dependent),
      'demo/checks/new.yml': check(fine, shadow),
      ...Object.fromEntries(names.map((name) => [`demo/checks/${name}.yml`, check(fine)])),
    },
  });
  for (const name of [...names, 'site', 'new'])
    await agent.until(`${name} is ok`, async () => {
      return (await agent.get<CheckView>(`/api/v1/checks/demo%2Fcheck%2F${name}`)).state === 'ok';
    });
});

afterAll(() => agent?.dispose());

it('tells a problem once its downtime is taken away, and what nothing holds back at once', async () => {
  await cli('downtime', 'add', 'door', '--duration', '1h', '--id', 'work');
  await become('door', 'critical');
  await become('free', 'critical');
  await agent.until('what is free', async () => told('free').length === 1);
  expect(told('door')).toEqual([]);
  await cli('downtime', 'remove', 'work');
  await agent.until('what was held', async () => told('door').length === 1);
  await become('door', 'ok');
  await agent.until('the recovery', async () => told('door').length === 2);
  expect(told('door')).toEqual(['problem', 'recovery']);
});

it('tells no problem, and so no recovery, of what is silent until resolved; then it tells again', async () => {
  await cli('silence', 'add', 'window', '--duration', '1h', '--id', 'quiet');
  await become('window', 'critical');
  await cli('silence', 'add', 'window', '--until', 'resolved');
  await cli('silence', 'remove', 'quiet');
  await become('window', 'ok');
  await agent.until('its end', async () => (await agent.get<object[]>('/api/v1/silences')).length === 0);
  expect(told('window')).toEqual([]);
  await become('window', 'critical');
  await agent.until('the next problem', async () => told('window').length === 1);
  expect(told('window')).toEqual(['problem']);
});

it('tells only the parent when parent and child break, also when the child is first, and nothing of a child that recovers with it', async () => {
  agent.write('demo/checks/site.yml', check(broken, dependent));
  agent.write('demo/checks/router.yml', check(broken));
  await agent.until('the parent', async () => told('router').length === 1);
  await become('site', 'critical', dependent);
  agent.write('demo/checks/router.yml', check(fine));
  agent.write('demo/checks/site.yml', check(fine, dependent));
  await agent.until('its recovery', async () => told('router').length === 2);
  await become('site', 'ok', dependent);
  expect(told('router')).toEqual(['problem', 'recovery']);
  expect(told('site')).toEqual([]);
});

it('runs a check in shadow mode, keeps its history and tells nobody; compare shows where it disagreed', async () => {
  await become('new', 'critical', shadow);
  await become('new', 'ok', shadow);
  await become('old', 'critical');
  await become('new', 'critical', shadow);
  await become('old', 'ok');
  await agent.until('both notifications', async () => told('old').length === 2);
  expect(told('new')).toEqual([]);
  const { entries } = await agent.get<HistoryView>('/api/v1/history/checks');
  const lived = entries.filter(({ name }) => name === 'new').map((entry) => entry.state);
  expect(lived).toEqual(['ok', 'critical', 'ok', 'critical']);
  const states = await command(['--data', agent.data, 'checks', 'state']);
  expect(states.stdout).toMatch(/demo > new +✗ CRITICAL \(shadow\)/);

  const json = await command(['--data', agent.data, 'checks', 'compare', 'old', 'new', '--json']);
  const view = json.json<ComparisonView>();
  expect(view.left).toMatchObject({ id: 'demo/check/old', shadow: false });
  expect(view.left.notifications).toEqual({ problems: 1, recoveries: 1 });
  expect(view.right).toMatchObject({ id: 'demo/check/new', shadow: true });
  expect(view.right.notifications).toEqual({ problems: 2, recoveries: 1 });
  expect(view.disagreements.map(({ left, right }) => `${left} ${right}`)).toEqual([
    'ok critical',
    'critical ok',
    'ok critical',
  ]);
  expect(view.agreement_percent).toBeGreaterThan(0);
  expect(view.agreement_percent).toBeLessThan(100);
  const { stdout } = await command(['--data', agent.data, 'checks', 'compare', 'old', 'new']);
  expect(stdout).toMatch(/demo\/check\/new \(shadow\) +critical +2 problems, 1 recovery/);
  expect(stdout).toMatch(/\nagree [\d.]+ % of .*, 3 times apart\n/);
});
