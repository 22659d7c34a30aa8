import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentView, CheckView, CollectorView, GroupsView } from '../../control/shapes.ts';
import { opsbro } from './cli-run.ts';
import { type RealAgent, type RealAgentOptions, startRealAgent } from './real-agent.ts';

let scratch: string;
let agent: RealAgent | undefined;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-odd-'));
});

afterEach(async () => {
  await agent?.dispose();
  agent = undefined;
  rmSync(scratch, { recursive: true, force: true });
});

/** Why namespaces of these kinds cannot be made here, for the title of what is skipped; empty when they can. With OPSBRO_TEST_REQUIRE=all that throws. */
function lacks(...kinds: string[]): string {
  const tried = spawnSync('unshare', [...kinds, 'true'], { encoding: 'utf8' });
  if (tried.status === 0) return '';
  const why = tried.error?.message ?? tried.stderr.trim();
  if (process.env.OPSBRO_TEST_REQUIRE === 'all')
    throw new Error(`cannot make namespaces (${kinds.join(' ')}): ${why}`);
  return ` (skipped: ${why})`;
}

/** An agent that begins in namespaces of its own, after this script. */
async function startIn(kinds: string[], script: string, options: RealAgentOptions = {}): Promise<RealAgent> {
  const wrapper = ['unshare', ...kinds, 'sh', '-ec', `${script}\nexec "$@"`, 'sh'];
  agent = await startRealAgent({ ...options, wrapper });
  return agent;
}

async function resultsOf(running: RealAgent, name: string): Promise<Record<string, unknown>> {
  return running.until(`${name} to run`, async () => {
    const view = await running.get<CollectorView>(`/api/v1/collectors/${name}`);
    return view.state === 'ok' && (view.results as Record<string, unknown>);
  });
}

const greeting = (text: string): string =>
  `check:\n  id: greet\n  interval: 1s\n  critical_if: "1 > 2"\n  ok_output: ${JSON.stringify(text)}\n`;

function says(running: RealAgent, output: string, deadlineMs?: number): Promise<CheckView> {
  return running.until(
    `'${output}'`,
    async () => {
      const view = await running.get<CheckView>('/api/v1/checks/greet');
      return view.output === output && view;
    },
    deadlineMs,
  );
}

const withoutUts = lacks('--uts');
describe.skipIf(withoutUts !== '')(`a host with a name that no name should be${withoutUts}`, () => {
  it('is measured, judged and shown by that name', async () => {
    const name = 'hôte-日本 "a" $(id)';
    writeFileSync(join(scratch, 'name'), name);
    const running = await startIn(['--uts'], `cat '${scratch}/name' > /proc/sys/kernel/hostname`, {
      files: { 'greet.yml': greeting("'on ' + {{collector.system.hostname}}") },
    });
    await says(running, `on ${name}`);
    expect((await running.get<AgentView>('/api/v1/agent')).name).toBe(name);
    expect((await resultsOf(running, 'system')).hostname).toBe(name);
    const info = await opsbro(['--data', running.data, 'agent', 'info']);
    expect(info.code).toBe(0);
    expect(info.stdout).toContain(name);
    expect(await running.stop()).toBe(0);
  });
});

const apart = ['--mount', '--net', '--uts'];
const withoutMounts = lacks(...apart);
describe.skipIf(withoutMounts !== '')(`an agent in a container that watches its host${withoutMounts}`, () => {
  it('shows the host below HOST_PROC, HOST_SYS and HOST_ROOT, and not the container', async () => {
    const host = join(scratch, 'host');
    mkdirSync(host);
    writeFileSync(join(scratch, 'os-release'), 'ID=alpine\nVERSION_ID=3.20.3\n');
    // As `docker run -v /:/host` mounts it; what is below /etc, /proc and /sys is the container's then.
    const script = `mount --make-rprivate /
mount --rbind / '${host}'
mount --make-rslave '${host}'
mount --bind '${scratch}/os-release' /etc/os-release
mount -t proc proc /proc
mount -t sysfs sysfs /sys
printf container > /proc/sys/kernel/hostname`;
    const env = { HOST_PROC: `${host}/proc`, HOST_SYS: `${host}/sys`, HOST_ROOT: host };
    const running = await startIn(apart, script, { env });
    expect((await resultsOf(running, 'system')).hostname).toBe(hostname());
    expect(Object.keys(await resultsOf(running, 'diskusage'))).toContain('/');
    // A network namespace of its own has but lo.
    const interfaces = Object.keys(await resultsOf(running, 'interfaces'));
    expect(interfaces.filter((name) => name !== 'lo')).not.toEqual([]);
    expect(Object.keys(await resultsOf(running, 'networktraffic'))).toEqual(
      expect.arrayContaining(interfaces.filter((name) => name !== 'lo')),
    );
    const { groups } = await running.until('groups', async () => {
      const found = await running.get<GroupsView>('/api/v1/groups');
      return found.groups.some(({ name }) => name === 'linux') && found;
    });
    expect(groups.map(({ name }) => name)).not.toContain('alpine');
    await running.until('verdicts', async () => {
      const rows = (await running.get<CheckView[]>('/api/v1/checks')).filter(({ active }) => active);
      return rows.length > 0 && rows.every(({ state }) => state !== 'pending' && state !== 'unknown');
    });
    expect(await running.stop()).toBe(0);
  });
});

const withoutUsers = lacks('--user', '--map-root-user');
describe.skipIf(withoutUsers !== '')(`a kernel that watches no more files${withoutUsers}`, () => {
  it.each([
    ['watches', 'ENOSPC'],
    ['instances', 'EMFILE'],
  ])('without %s makes no change go unseen, and the agent says what to raise', async (limit, code) => {
    const script = `echo 0 > /proc/sys/user/max_inotify_${limit}`;
    const running = await startIn(['--user', '--map-root-user'], script, {
      files: { 'greet.yml': greeting("'one'") },
    });
    await says(running, 'one');
    running.write('greet.yml', greeting("'two'"));
    await says(running, 'two');
    const warnings = running.output().match(/"the kernel does not watch the configuration/g);
    expect(warnings).toHaveLength(1);
    expect(running.output()).toMatch(new RegExp(`${code}.*raise fs\\.inotify\\.max_user_${limit}`));
    expect(await running.stop()).toBe(0);
  });
});

describe('an agent in a time zone', () => {
  const quiet = `handler:
  id: tell
  type: log
  severities: [ok, critical]
  quiet_hours:
    - { from: "00:00", to: "23:59" }
`;

  it.each([
    ['Asia/Kolkata', false],
    ['America/St_Johns', false],
    [':/etc/localtime', false],
    ['Mars/Olympus', true],
    ['', false],
  ])('reckons quiet hours and downtimes with TZ=%s', async (tz, isUnknown) => {
    const files = {
      'greet.yml': `check:\n  id: greet\n  interval: 1s\n  critical_if: "1 < 2"\n  critical_output: "'bad'"\n`,
      'tell.yml': quiet,
      'window.yml': 'downtime:\n  match: check=greet\n  hours: "00:00-23:59"\n',
    };
    const running = await startRealAgent({ files, env: { TZ: tz } });
    agent = running;
    await says(running, 'bad');
    const explained = await opsbro(['--data', running.data, 'explain', 'check', 'greet']);
    expect(explained.code).toBe(0);
    expect(running.output().includes('names no time zone')).toBe(isUnknown);
    expect(running.output()).not.toContain('"level":"error"');
    const checked = await opsbro(['config', 'check', '--strict', running.config], { TZ: tz });
    expect([checked.code, checked.stdout]).toEqual([0, '']);
    expect(await running.stop()).toBe(0);
  });
});
