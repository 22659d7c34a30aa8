import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { agentOf } from '../../cli/generate-daemon.ts';
import { supervisorProgram } from '../../cli/generate-supervisor.ts';
import { systemdUnit } from '../../cli/generate-systemd.ts';
import { upstartJob } from '../../cli/generate-upstart.ts';
import { opsbro, program, root } from './cli-run.ts';

const scratch = mkdtempSync(join(tmpdir(), 'opsbro-unit-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const canVerify = spawnSync('systemd-analyze', ['--version']).status === 0;
const required = process.env.OPSBRO_TEST_REQUIRE === 'all';

describe('opsbro generate systemd', () => {
  it('starts this installation with the directories of the command line', async () => {
    const unit = await opsbro(['generate', 'systemd', '--data', '/srv/opsbro', '--config', '/srv/config.d']);
    expect(unit.code).toBe(0);
    expect(unit.stdout).toContain(
      `ExecStart=${program} agent start --data /srv/opsbro --config /srv/config.d\n`,
    );
    for (const line of [
      'Type=notify',
      'ExecReload=/bin/kill -HUP $MAINPID',
      'RestartPreventExitStatus=2 78',
    ]) {
      expect(unit.stdout.split('\n')).toContain(line);
    }
  });

  it('protects words that systemd would read otherwise', () => {
    const unit = systemdUnit(
      agentOf({
        program: '/opt/my opsbro/bin/opsbro',
        node: '/usr/bin/node',
        data: '/srv/100%',
        config: ['/srv/$HOME'],
      }),
    );
    expect(unit).toContain(
      'ExecStart="/opt/my opsbro/bin/opsbro" agent start --data /srv/100%% --config /srv/$$HOME\n',
    );
  });

  it.skipIf(!canVerify && !required)('passes systemd-analyze verify (needs systemd-analyze)', async () => {
    for (const [name, words] of [
      ['opsbro', []],
      ['overcli-monitor', ['--monitor', '/etc/my overc']],
    ] as const) {
      const unit = await opsbro(['generate', 'systemd', '--data', join(scratch, 'data'), ...words]);
      const path = join(scratch, `${name}.service`);
      writeFileSync(path, unit.stdout);
      const verified = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' });
      // It also has its say on units that are installed.
      const own = (verified.stdout + verified.stderr).split('\n').filter((line) => line.includes(name));
      expect({ status: verified.status, own }).toEqual({ status: 0, own: [] });
    }
  });
});

describe('opsbro generate --monitor', () => {
  it.each(['systemd', 'initd', 'supervisor', 'upstart'])(
    'prints for %s what runs overcli',
    async (manager) => {
      const own = await opsbro(['generate', manager, '--monitor', '--data', '/srv/opsbro']);
      expect(own).toMatchObject({ code: 0, stderr: '' });
      expect(own.stdout).toContain(`${root}/bin/overcli monitor /etc/overc`);
      expect(own.stdout).toContain(`Written by 'opsbro generate ${manager} --monitor'`);
      expect(own.stdout).not.toMatch(/agent start|undefined|--data/);
    },
  );

  it('takes another file or directory, from where it is called', async () => {
    const own = await opsbro(['generate', 'systemd', '--monitor', 'a file.ini']);
    expect(own.stdout).toContain(`bin/overcli monitor "${join(process.cwd(), 'a file.ini')}"\n`);
  });
});

/** What would not survive a careless way of quoting. */
const awkward = agentOf({
  ...{ program: '/opt/my opsbro/bin/opsbro', node: '/opt/100%/node' },
  ...{ data: "/srv/it's 100% ;here", config: ['/srv/$HOME #1'] },
});

describe('opsbro generate upstart', () => {
  it('has an agent without a launcher, with words that a shell reads as they were', async () => {
    const job = upstartJob(awkward);
    for (const line of ['respawn', 'normal exit 0 2 78 130 143 INT TERM', 'stop on runlevel [!2345]'])
      expect(job.split('\n')).toContain(line);
    expect(shellReads(/^exec (.*)$/m.exec(job)?.[1] ?? '')).toEqual([
      ...['env', 'OPSBRO_NODE=/opt/100%/node', ...awkward.words, '--no-supervise'],
    ]);
    const own = await opsbro(['generate', 'upstart', '--data', '/srv/opsbro']);
    expect(own.stdout).toContain(`${program} agent start --data /srv/opsbro --no-supervise\n`);
  });
});

describe('opsbro generate supervisor', () => {
  it('has an agent without a launcher, with words that supervisor reads as they were', () => {
    const text = supervisorProgram(awkward);
    const command = /^command=(.*)$/m.exec(text)?.[1] ?? '';
    // What would begin a comment, and what would be expanded.
    expect(command).not.toMatch(/\s[;#]|(?<!%)%(?!%)/);
    expect(shellReads(command.replaceAll('%%', '%'))).toEqual([...awkward.words, '--no-supervise']);
    expect(text).toContain('\nenvironment=OPSBRO_NODE="/opt/100%%/node"\n');
  });
});

function shellReads(words: string): string[] {
  const { stdout } = spawnSync('/bin/sh', ['-c', `printf '%s\\n' ${words}`], { encoding: 'utf8' });
  return stdout.split('\n').slice(0, -1);
}
