import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CheckView } from '../../control/shapes.ts';
import { readProcess } from '../../exec/lanes/processes.ts';
import { processesWith } from '../exec/lanes/pool-fixture.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const isRoot = process.getuid?.() === 0;
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

describe('the scripts of an agent', () => {
  const folder = mkdtempSync(join(tmpdir(), 'opsbro-scripts-'));
  const mark = join(folder, 'ran');
  const said = 'echo "$(id -u) $(id -g) $(nice) $GIVEN [$PASSED] [$KEPT]"; exit 1';
  let running: RealAgent;

  beforeAll(async () => {
    running = await startRealAgent({
      env: { PASSED: 'from the agent', KEPT: 'not passed on' },
      files: {
        'agent.yml': `variables:\n  plugins: ${folder}\n`,
        'parameters.yml': 'limit: 7\n',
        'full.yml': `check:\n  interval: 1s\n  mailq: {warning: "it's; touch ${folder}/evil"}\n  script: echo "WARNING - $mailq.warning$ over $limit$ | queue=9;5:7;~:10"; echo more; exit 1\n`,
        'list.yml':
          'check:\n  interval: 1h\n  script: [/bin/sh, -c, "echo from $0; exit 2", "$plugins$/x y"]\n',
        'slow.yml': 'check:\n  interval: 1h\n  timeout: 1s\n  script: sleep 60\n',
        'odd.yml': 'check:\n  interval: 1h\n  script: exit 9\n',
        'typo.yml': `check:\n  interval: 1h\n  disk: {warning: 5}\n  script: "touch ${mark}; test 1 -lt $disk.warnin$ || exit 2"\n`,
        'user.yml': `check:\n  interval: 1h\n  run_as: nobody\n  nice: 4\n  environment: {GIVEN: it's, PASSED: null}\n  script: ${said}\n`,
        'own.yml': `check:\n  interval: 1h\n  script: ${said}\n`,
        'words.yml': 'check:\n  interval: 1h\n  run_as: nobody\n  script: [id, -un]\n',
        'nobody-there.yml': 'check:\n  interval: 1h\n  run_as: no-such-user\n  script: id\n',
      },
    });
  });

  afterAll(async () => {
    expect(await running.stop()).toBe(0);
    await running.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it('run with their macros, and give exit code, output and figures', async () => {
    const full = await settled(running, 'full');
    expect(full).toMatchObject({ state: 'warning', hard: true });
    expect(full.output).toBe(`WARNING - it's; touch ${folder}/evil over 7`);
    expect(await settled(running, 'list')).toMatchObject({ state: 'critical', output: `from ${folder}/x y` });
    expect(await settled(running, 'slow')).toMatchObject({ state: 'unknown' });
    expect((await checkOf(running, 'slow')).output).toMatch(/1 ?s/);
    expect(await settled(running, 'odd')).toMatchObject({ state: 'unknown' });
    const shown = await running.get<CheckView>('/api/v1/checks/full');
    expect(shown).toMatchObject({ perfdata: [{ label: 'queue', value: 9, warn: '5:7', crit: '~:10' }] });
    expect(existsSync(join(folder, 'evil'))).toBe(false);
  });

  it('do not run with a macro that names nothing, and say which one', async () => {
    expect(await settled(running, 'typo')).toMatchObject({
      state: 'unknown',
      output: 'macro $disk.warnin$ names nothing (did you mean $disk.warning$?)',
    });
    expect(existsSync(mark)).toBe(false);
  });

  it.skipIf(!isRoot)(
    'run as the user, with the niceness and the variables that their checks name',
    async () => {
      const own = await settled(running, 'own');
      const nice = Number(/^0 0 (-?\d+) {2}\[\] \[\]$/.exec(own.output)?.[1]);
      expect((await settled(running, 'user')).output).toBe(
        `65534 65534 ${Math.min(19, nice + 4)} it's [from the agent] []`,
      );
      expect(await settled(running, 'words')).toMatchObject({ state: 'ok', output: 'nobody' });
      expect(await settled(running, 'nobody-there')).toMatchObject({ state: 'unknown' });
      expect((await checkOf(running, 'nobody-there')).output).toMatch(
        /a shell of user no-such-user .*no such user/,
      );
    },
  );
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

function parentOf(pid: number): number | undefined {
  return readProcess(pid)?.parent;
}

it('leaves nothing running of a script when the agent is killed, though no other agent starts', async () => {
  const seconds = `77.${process.pid}${Math.floor(Math.random() * 1e6)}`;
  const stranger = spawn('sleep', [seconds], { detached: true, stdio: 'ignore' });
  const deaf = `trap '' TERM HUP; exec -a 'odd) S 1 1' sleep ${seconds}`;
  agent = await startRealAgent({
    files: {
      'words.yml': `check:\n  interval: 1h\n  timeout: 60s\n  script: [sleep, "${seconds}"]\n`,
      'deep.yml': `check:\n  interval: 1h\n  timeout: 60s\n  script: setsid sh -c 'sleep ${seconds}; sleep ${seconds}' & sleep ${seconds} & sleep ${seconds} >/dev/null 2>&1\n`,
      'deaf.yml': `check:\n  interval: 1h\n  timeout: 60s\n  script:\n    - bash\n    - -c\n    - "${deaf}"\n`,
    },
  });
  try {
    const running = (): number[] => processesWith(seconds).filter((pid) => pid !== stranger.pid);
    await agent.until('all scripts to run', async () => {
      const commands = running().map((pid) => readFileSync(`/proc/${pid}/stat`, 'latin1'));
      return commands.filter((stat) => stat.includes('(sleep)')).length >= 5;
    });
    const wardens = processesWith('opsbro-warden').filter((pid) => parentOf(pid) === agent?.child.pid);
    expect(wardens).toHaveLength(1);
    await agent.kill('SIGKILL');
    await expect.poll(running).toEqual([]);
    expect(stranger.exitCode ?? stranger.signalCode).toBe(null);
    await expect.poll(() => wardens.filter(parentOf)).toEqual([]);
  } finally {
    stranger.kill('SIGKILL');
  }
});

it.skipIf(!isRoot)(
  'says that only an agent of root can run a script as another user or nicer than itself',
  async () => {
    agent = await startRealAgent({
      // It may read this tree, and is not root.
      wrapper: [
        ...['setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups'],
        ...['--inh-caps', '-all,+dac_override', '--ambient-caps', '-all,+dac_override'],
      ],
      files: {
        'user.yml': 'check:\n  interval: 1h\n  run_as: daemon\n  script: id\n',
        'nice.yml': 'check:\n  interval: 1h\n  nice: -3\n  script: id\n',
        'slower.yml': 'check:\n  interval: 1h\n  nice: 3\n  script: id -u\n',
      },
    });
    expect(await settled(agent, 'user')).toMatchObject({
      state: 'unknown',
      output: 'not run: only an agent of root can run it as daemon',
    });
    expect(await settled(agent, 'nice')).toMatchObject({
      state: 'unknown',
      output: 'not run: only an agent of root can run it with a niceness of -3',
    });
    expect(await settled(agent, 'slower')).toMatchObject({ state: 'ok', output: '65534' });
    await agent.stop();
  },
);
