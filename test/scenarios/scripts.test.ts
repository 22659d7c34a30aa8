import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CheckView } from '../../core/control/shapes.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let scratch: string;
let agent: RealAgent | undefined;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-scripts-'));
});

afterEach(async () => {
  await agent?.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

async function checkOf(running: RealAgent, name: string): Promise<CheckView> {
  const found = (await running.get<CheckView[]>('/api/v1/checks')).find((check) => check.name === name);
  if (found === undefined) throw new Error(`no check ${name}`);
  return found;
}

function settled(running: RealAgent, name: string): Promise<CheckView> {
  return running.until(`a verdict of ${name}`, async () => {
    const check = await checkOf(running, name);
    return check.state !== 'pending' && check;
  });
}

it('runs scripts with their macros, and takes exit code, output and figures from them', async () => {
  agent = await startRealAgent({
    files: {
      'agent.yml': `variables:\n  plugins: ${scratch}\n`,
      'parameters.yml': 'limit: 7\n',
      'full.yml': `check:\n  interval: 1s\n  mailq: {warning: "it's; touch ${scratch}/evil"}\n  script: echo "WARNING - $mailq.warning$ over $limit$ | queue=9;5:7;~:10"; echo more; exit 1\n`,
      'list.yml':
        'check:\n  interval: 1h\n  script: [/bin/sh, -c, "echo from $0; exit 2", "$plugins$/x y"]\n',
      'slow.yml': 'check:\n  interval: 1h\n  timeout: 1s\n  script: sleep 60\n',
      'odd.yml': 'check:\n  interval: 1h\n  script: exit 9\n',
    },
  });
  const full = await settled(agent, 'full');
  expect(full).toMatchObject({ state: 'warning', hard: true });
  expect(full.output).toBe(`WARNING - it's; touch ${scratch}/evil over 7`);
  expect(await settled(agent, 'list')).toMatchObject({ state: 'critical', output: `from ${scratch}/x y` });
  expect(await settled(agent, 'slow')).toMatchObject({ state: 'unknown' });
  expect((await checkOf(agent, 'slow')).output).toMatch(/1 ?s/);
  expect(await settled(agent, 'odd')).toMatchObject({ state: 'unknown' });
  const shown = await agent.get<CheckView>('/api/v1/checks/full');
  expect(shown).toMatchObject({ perfdata: [{ label: 'queue', value: 9, warn: '5:7', crit: '~:10' }] });
  await agent.stop();
});

it('runs no script with a macro that names nothing, and says which one', async () => {
  const mark = join(scratch, 'ran');
  agent = await startRealAgent({
    files: {
      'typo.yml': `check:\n  interval: 1h\n  disk: {warning: 5}\n  script: "touch ${mark}; test 1 -lt $disk.warnin$ || exit 2"\n`,
    },
  });
  expect(await settled(agent, 'typo')).toMatchObject({
    state: 'unknown',
    output: 'macro $disk.warnin$ names nothing (did you mean $disk.warning$?)',
  });
  expect(existsSync(mark)).toBe(false);
  await agent.stop();
});

it('tells a handler once of what breaks and once of what is mended, whatever happens to the agent in between', async () => {
  const state = join(scratch, 'state');
  const told = join(scratch, 'told');
  writeFileSync(state, '0');
  const files = {
    'service.yml': `check:\n  interval: 1s\n  script: echo "state $(cat ${state})"; exit $(cat ${state})\n`,
    'sink.yml': `handler:\n  type: exec\n  command: /bin/sh\n  args: ["-c", 'echo "$NAGIOS_SERVICESTATE $NAGIOS_SERVICEOUTPUT" >> ${told}']\n`,
  };
  const data = join(scratch, 'data');
  const config = join(scratch, 'config.d');
  const lines = (): string[] => {
    try {
      return readFileSync(told, 'utf8')
        .trim()
        .split('\n')
        .filter((line) => line !== '');
    } catch {
      return [];
    }
  };
  agent = await startRealAgent({ data, config, files });
  await settled(agent, 'service');
  writeFileSync(state, '2');
  await agent.until('the problem to be told', async () => lines().some((line) => line.includes('CRITICAL')));
  await agent.kill('SIGKILL');
  agent = await startRealAgent({ data, config, files });
  await agent.until(
    'a run after the start',
    async () => (await checkOf(agent as RealAgent, 'service')).state === 'critical',
  );
  writeFileSync(state, '0');
  await agent.until('the recovery to be told', async () => lines().some((line) => line.includes('OK')));
  await agent.stop();
  // What was being delivered when the agent died is delivered again, with the same key.
  const heard = lines().filter((line) => line.includes('state '));
  expect(heard.length).toBeLessThanOrEqual(3);
  expect([...new Set(heard)]).toEqual(['CRITICAL state 2', 'OK state 0']);
});
