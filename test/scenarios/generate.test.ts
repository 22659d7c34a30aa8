import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemdUnit } from '../../cli/generate-systemd.ts';
import { opsbro, program } from './cli-run.ts';

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
    const unit = systemdUnit({
      program: '/opt/my opsbro/bin/opsbro',
      node: '/usr/bin/node',
      data: '/srv/100%',
      config: ['/srv/$HOME'],
    });
    expect(unit).toContain(
      'ExecStart="/opt/my opsbro/bin/opsbro" agent start --data /srv/100%% --config /srv/$$HOME\n',
    );
  });

  it.skipIf(!canVerify && !required)('passes systemd-analyze verify (needs systemd-analyze)', async () => {
    const unit = await opsbro(['generate', 'systemd', '--data', join(scratch, 'data')]);
    const path = join(scratch, 'opsbro.service');
    writeFileSync(path, unit.stdout);
    const verified = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' });
    // It also has its say on units that are installed.
    const own = (verified.stdout + verified.stderr).split('\n').filter((line) => line.includes('opsbro'));
    expect({ status: verified.status, own }).toEqual({ status: 0, own: [] });
  });
});
