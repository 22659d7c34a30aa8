import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CheckView, GroupsView } from '../../control/shapes.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let scratch: string;
let agent: RealAgent | undefined;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-groups-'));
});

afterEach(async () => {
  await agent?.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

async function hasGroups(running: RealAgent, wanted: string[]): Promise<boolean> {
  const { groups } = await running.get<GroupsView>('/api/v1/groups');
  const names = groups.map(({ name }) => name);
  return wanted.every((name) => names.includes(name));
}

async function lacksGroup(running: RealAgent, name: string): Promise<boolean> {
  return !(await hasGroups(running, [name]));
}

async function checkOf(running: RealAgent, name: string): Promise<CheckView | undefined> {
  return (await running.get<CheckView[]>('/api/v1/checks')).find((check) => check.name === name);
}

it('adds and takes away a group as its file comes and goes, and the checks follow', async () => {
  const file = join(scratch, 'installed');
  const detector = `detector:\n  interval: 1s\n  apply_if: "file_exists('${file}')"\n  add_groups: [app]\n`;
  const check = `check:\n  interval: 1h\n  if_group: app\n  critical_if: "not is_in_group('app')"\n  ok_output: "'follows'"\n`;
  const running = await startRealAgent({ files: { 'app-detector.yml': detector, 'app.yml': check } });
  agent = running;
  expect((await checkOf(running, 'app'))?.active).toBe(false);
  writeFileSync(file, '');
  await running.until('the group', () => hasGroups(running, ['app']));
  await running.until('the check', async () => (await checkOf(running, 'app'))?.output === 'follows');
  rmSync(file);
  await running.until('the group to go', () => lacksGroup(running, 'app'));
  await running.until('the check to rest', async () => (await checkOf(running, 'app'))?.active === false);
});

it('detects the host that HOST_ROOT names, not the container the agent runs in', async () => {
  const host: { [path: string]: string } = {
    'etc/os-release': 'ID=alpine\nVERSION_ID=3.20.3\nNAME="Alpine Linux"\n',
    'lib/apk/db/installed': 'C:Q1x\nP:postfix\nV:3.9.0\n',
    'usr/sbin/nginx': '',
  };
  for (const [path, text] of Object.entries(host)) {
    mkdirSync(join(scratch, dirname(path)), { recursive: true });
    writeFileSync(join(scratch, path), text);
  }
  const running = await startRealAgent({ env: { HOST_ROOT: scratch } });
  agent = running;
  const expected = ['linux', 'alpine', 'alpine-3', 'alpine-3.20.3', 'nginx', 'postfix'];
  await running.until('the groups of the other host', () => hasGroups(running, expected));
  expect(await lacksGroup(running, 'debian')).toBe(true);
});
