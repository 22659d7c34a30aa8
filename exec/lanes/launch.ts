import type { Command } from '../command.ts';
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

/** The kind of lane a command needs. */
export function kindOf({ runAs, nice, environment }: Command): LaneKind {
  const whole: { [name: string]: string } = { PATH: path, LANG: 'C', ...environment };
  return {
    key: JSON.stringify([runAs, nice, Object.entries(whole).sort()]),
    runAs,
    nice,
    environment: whole,
  };
}

/**
 * How to start the shell of a lane: the shell itself, or one that becomes it with another niceness and user. A user's supplementary
 * groups come along. `setpriv` is of util-linux; where it is absent, `su` stays in between.
 */
export function launchWords(shell: string, { runAs, nice }: LaneKind): string[] {
  if (runAs === null && nice === 0) return [shell];
  const adjusted = nice === 0 ? 'exec' : `exec nice -n ${Math.trunc(nice)}`;
  if (runAs === null) return [shell, '-c', `${adjusted} "$0"`, shell];
  const change =
    'group=$(id -g -- "$1") || exit 1; if command -v setpriv >/dev/null; then ' +
    `${adjusted} setpriv --reuid "$1" --regid "$group" --init-groups "$0"; ` +
    `else ${adjusted} su -s "$0" -- "$1"; fi`;
  return [shell, '-c', change, shell, runAs];
}

/**
 * A command as a line for the shell of a lane: quoted words that start a program with no shell in between, or a subshell that evaluates
 * a quoted script, so that nothing in it reaches the lane itself. Null when there is no such program.
 */
export function commandLine(
  { argv, shell }: Command,
  environment: { [name: string]: string },
): string | null {
  // A space in front: some shells' `eval` takes options.
  if (argv === null) return `(eval ${shellWord(` ${shell ?? ''}`)})`;
  const [name = '', ...rest] = argv;
  const program = programPath(name, environment.PATH ?? '');
  return program === null ? null : [program, ...rest].map(shellWord).join(' ');
}
