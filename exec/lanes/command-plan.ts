import { type Command, type CommandResult, refusedEnd } from '../command.ts';
import { commandLine, kindOf, type LaneKind } from './launch.ts';

const maxScriptBytes = 262_144;

/** What a command comes to, as far as that is the same at each of its runs. */
export interface CommandPlan {
  /** Why no lane can run it; null when one can. */
  unfit: string | null;
  kind: LaneKind;
  /** Its line for a shell; null for a program by name alone, which is looked for each time: it may be installed meanwhile. */
  line: string | null;
}

/** Works out once what a command comes to. */
export function planOf(command: Command): CommandPlan {
  const why = unfit(command);
  const kind = kindOf(command);
  const isLookedFor = command.argv !== null && command.argv[0]?.includes('/') !== true;
  return {
    unfit: why,
    kind,
    line: why !== null || isLookedFor ? null : commandLine(command, kind.environment),
  };
}

/** Why no lane can run a command; null when one can. */
function unfit({ argv, shell, runAs, nice, environment }: Command): string | null {
  const texts = [...(argv ?? [shell ?? '']), ...Object.entries(environment).flat(), runAs ?? ''];
  if (texts.some((text) => text.includes('\0'))) return 'it contains a NUL character';
  if (argv === null ? shell === null : argv.length === 0) return 'it is empty';
  if (texts.reduce((sum, text) => sum + text.length, 0) > maxScriptBytes)
    return `it is longer than ${maxScriptBytes / 1024} KiB`;
  if (runAs !== null && process.getuid?.() !== 0) return `only an agent of root can run it as ${runAs}`;
  if (nice < 0 && process.getuid?.() !== 0)
    return `only an agent of root can run it with a niceness of ${nice}`;
  return null;
}

/** The end a shell would give a program that is nowhere. */
export function notFound({ id, argv }: Command): CommandResult {
  const text = `${argv?.[0] ?? ''}: not found`;
  return { ...refusedEnd(id, ''), refused: null, code: 127, text, errorText: text };
}
