import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CheckView, ComparisonView, HistoryView } from '../../control/shapes.ts';
import { opsbro } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const check = (condition: string, keys = ''): string =>
  `check:\n  interval: 1s\n  critical_if: "${condition}"\n${keys}`;
const shadow = '  mode: shadow\n';

let agent: RealAgent;

async function become(name: string, state: CheckView['state'], keys = ''): Promise<void> {
  agent.write(`demo/checks/${name}.yml`, check(state === 'ok' ? '1 > 2' : '1 < 2', keys));
  await agent.until(`${name} is ${state}`, async () => {
    const found = await agent.get<CheckView>(`/api/v1/checks/demo%2Fcheck%2F${name}`);
    return found.state === state;
  });
}

const told = (name: string): number =>
  agent
    .output()
    .split('\n')
    .filter((line) => line.includes('"key":') && line.includes(`demo/check/${name}/`)).length;

beforeAll(async () => {
  agent = await startRealAgent({
    files: {
      'demo/handlers/tell.yml': 'handler:\n  type: log\n',
      'demo/checks/old.yml': check('1 > 2'),
      'demo/checks/new.yml': check('1 > 2', shadow),
    },
  });
  await become('old', 'ok');
  await become('new', 'ok', shadow);
});

afterAll(() => agent?.dispose());

it('runs a check in shadow mode, keeps its history and tells nobody; compare shows where it disagreed', async () => {
  await become('new', 'critical', shadow);
  await become('new', 'ok', shadow);
  await become('old', 'critical');
  await become('new', 'critical', shadow);
  await become('old', 'ok');
  await agent.until('both notifications', async () => told('old') === 2);
  expect(told('new')).toBe(0);
  const { entries } = await agent.get<HistoryView>('/api/v1/history/checks');
  const lived = entries.filter(({ name }) => name === 'new').map((entry) => entry.state);
  expect(lived).toEqual(['ok', 'critical', 'ok', 'critical']);
  const states = await opsbro(['--data', agent.data, 'checks', 'state']);
  expect(states.stdout).toMatch(/demo > new +✗ CRITICAL \(shadow\)/);

  const json = await opsbro(['--data', agent.data, 'checks', 'compare', 'old', 'new', '--json']);
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
  const { stdout } = await opsbro(['--data', agent.data, 'checks', 'compare', 'old', 'new']);
  expect(stdout).toMatch(/demo\/check\/new \(shadow\) +critical +2 problems, 1 recovery/);
  expect(stdout).toMatch(/\nagree [\d.]+ % of .*, 3 times apart\n/);
});
