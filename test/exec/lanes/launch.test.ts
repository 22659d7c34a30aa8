import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commandDefaults } from '../../../exec/command.ts';
import { kindOf, launch } from '../../../exec/lanes/launch.ts';

const shells = ['/bin/sh', '/bin/bash'].filter((path) => existsSync(path));
const isRoot = process.getuid?.() === 0;
let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-launch-'));
  chmodSync(scratch, 0o755);
});

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** Starts the shell of a lane for `nobody` and gives it one script, with only `programs` at hand for the change of user. */
function asNobody(
  shell: string,
  programs: string[],
  environment: { [name: string]: string },
  script: string,
  nice = 0,
): { stdout: string; stderr: string } {
  const bin = join(scratch, 'bin');
  mkdirSync(bin);
  for (const program of programs) {
    const found = ['/usr/bin', '/bin'].map((path) => join(path, program)).find((path) => existsSync(path));
    if (found !== undefined) symlinkSync(found, join(bin, program));
  }
  const kind = kindOf({ ...commandDefaults, id: 1, runAs: 'nobody', nice, environment });
  // By its own name bash would read root's .bashrc, as its input is a socket.
  const sh = join(scratch, 'sh');
  symlinkSync(shell, sh);
  const { words, environment: env } = launch(sh, kind, bin);
  const [file = '', ...rest] = words;
  const { stdout, stderr } = spawnSync(file, rest, { env, input: `${script}\n`, encoding: 'utf8', cwd: '/' });
  return { stdout, stderr };
}

describe.each(shells)('the shell of a lane, %s', (shell) => {
  it.skipIf(!isRoot).each([
    ['setpriv', ['id', 'nice', 'setpriv']],
    ['su', ['id', 'nice', 'su']],
  ])('becomes another user by %s, with his niceness and the variables of the check', (_, programs) => {
    const environment = { A: "it's $HOME; 'x'", IFS: '0123', PATH: '/usr/bin:/bin' };
    const script =
      '/usr/bin/id -u; /usr/bin/id -g; nice; printf "%s|" "$A" "$PATH" "$LANG"; env | grep -c OPSBRO';
    const own = Number(spawnSync('nice', { encoding: 'utf8' }).stdout);
    expect(asNobody(shell, programs, environment, script, 3)).toEqual({
      stdout: `65534\n65534\n${Math.min(19, own + 3)}\nit's $HOME; 'x'|/usr/bin:/bin|C|0\n`,
      stderr: '',
    });
  });

  it.skipIf(!isRoot)('runs nothing of the check as root on the way to another user', () => {
    const own = join(scratch, 'own');
    const trace = join(scratch, 'trace');
    mkdirSync(own);
    for (const program of ['id', 'setpriv', 'su', 'nice'])
      writeFileSync(join(own, program), `#!/bin/sh\n/usr/bin/id -u >>${trace}\n`, { mode: 0o755 });
    const environment = {
      PATH: own,
      ENV: join(own, 'id'),
      BASH_ENV: join(own, 'id'),
      LD_PRELOAD: '/no/such.so',
    };
    const { stdout } = asNobody(shell, ['id', 'setpriv', 'nice'], environment, '/usr/bin/id -u', 1);
    expect(stdout).toBe('65534\n');
    expect(existsSync(trace)).toBe(false);
  });
});
