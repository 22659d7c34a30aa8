import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from '../command.ts';
import { subshell } from '../last-program.ts';
import { shellWord } from '../quote.ts';
import { programPath } from './program-path.ts';

/** What lanes differ by: a command runs only in a lane of its own kind. */
export interface LaneKind {
  /** Equal for equal kinds. */
  key: string;
  runAs: string | null;
  nice: number;
  environment: { [name: string]: string };
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a command has that names no variables of its own. */
export const usualEnvironment: { [name: string]: string } = { PATH: path, LANG: 'C' };

/** Of nearly all commands. */
const usual: LaneKind = { key: '', runAs: null, nice: 0, environment: usualEnvironment };

/** The kind of lane a command needs. */
export function kindOf({ runAs, nice, environment }: Command): LaneKind {
  if (runAs === null && nice === 0 && Object.keys(environment).length === 0) return usual;
  const whole: { [name: string]: string } = { ...usualEnvironment, ...environment };
  return {
    key: JSON.stringify([runAs, nice, Object.entries(whole).sort()]),
    runAs,
    nice,
    environment: whole,
  };
}

/** A program to start, its arguments, and its whole environment. */
export interface Launch {
  words: string[];
  environment: { [name: string]: string };
}

/**
 * How to start the shell of a lane: the shell itself, or one that becomes it with another niceness and user. A user's supplementary
 * groups come along. `setpriv` is of util-linux; where it is absent, `su` stays in between. Programs that change the user run as root,
 * so the check's own variables (`PATH`, `LD_PRELOAD` …) do not reach them: they travel under other names and get their own once the
 * change is made.
 */
export function launch(
  shell: string,
  { runAs, nice, environment }: LaneKind,
  systemPath: string = path,
): Launch {
  const adjusted = nice === 0 ? 'exec' : `exec nice -n ${Math.trunc(nice)}`;
  if (runAs === null)
    return { words: nice === 0 ? [shell] : [shell, '-c', `${adjusted} "$0"`, shell], environment };
  const names = Object.keys(environment);
  const carried = Object.fromEntries(
    names.map((name, index) => [`OPSBRO_GIVEN_${index}`, environment[name] ?? '']),
  );
  const given = names.map((name, index) => `${name}=$OPSBRO_GIVEN_${index};export ${name}`);
  const final = [...given, `unset ${Object.keys(carried).join(' ')}`, `exec ${shellWord(shell)}`].join(';');
  const change =
    'group=$(id -g -- "$1") || exit 1; if command -v setpriv >/dev/null; then ' +
    `${adjusted} setpriv --reuid "$1" --regid "$group" --init-groups "$0" -c "$2"; ` +
    `else ${adjusted} su -s "$0" -c "$2" -- "$1"; fi`;
  return {
    words: [shell, '-c', change, shell, runAs, final],
    environment: { PATH: systemPath, LANG: 'C', ...carried },
  };
}

/**
 * A command as a line for the shell of a lane: quoted words that start a program with no shell in between, or a subshell that evaluates
 * a quoted script, so that nothing in it reaches the lane itself. Null when there is no such program.
 */
export function commandLine(
  { argv, shell }: Command,
  environment: { [name: string]: string },
): string | null {
  if (argv === null) return subshell(shell ?? '');
  const [name = '', ...rest] = argv;
  const program = programPath(name, environment.PATH ?? '');
  return program === null ? null : [program, ...rest].map(shellWord).join(' ');
}

/**
 * Whether a subshell of this shell can name nothing of the lane's own. While a shell has several orders, it keeps its channels at numbers from 10 on;
 * dash takes one digit, where bash and busybox let a script write to `>&10`.
 */
export function hidesChannels(shell: string): boolean {
  try {
    return basename(realpathSync(shell)) === 'dash';
  } catch {
    return false;
  }
}
