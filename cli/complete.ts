import { type Argument, Command } from 'commander';
import { commandGroups } from './command-table.ts';
import type { CliContext } from './context.ts';
import { type LiveNoun, liveNames } from './live-names.ts';

/** A person waits for these names with a finger on the tab key. */
const timeoutMs = 1000;

/** Which names fit an argument: by the noun, or by noun and verb where they differ. */
const argumentNouns: { [command: string]: LiveNoun } = {
  api: 'routes',
  collectors: 'collectors',
  checks: 'checks',
  monitoring: 'checks',
  plugins: 'plugins',
  'agent log follow': 'plugins',
  'agent parameters get': 'settings',
  'agent parameters set': 'settings',
  'agent parameters add': 'settings',
  'agent parameters remove': 'settings',
  'packs show': 'packs',
  'packs overload': 'packs',
  'packs parameters get': 'parameters',
  'packs parameters set': 'parameters',
  'packs parameters add': 'parameters',
  'packs parameters remove': 'parameters',
  'push remove': 'pushed',
  'push undo': 'removed',
  'push servers reset': 'servers',
  'detectors wait-group': 'groups',
  'evaluator eval': 'functions',
  'config show': 'objects',
  'config test': 'checks',
  'explain check': 'checks',
  'dashboards show': 'dashboards',
  'metrics list': 'series',
  'metrics show': 'series',
  'downtime add': 'checks',
  'downtime remove': 'downtimes',
  'ack add': 'checks',
  'ack remove': 'acknowledgements',
  'handlers show': 'handlers',
  'handlers test': 'handlers',
  'handlers outbox retry': 'outbox',
  'handlers outbox drop': 'outbox',
  'gossip ping': 'members',
  'gossip leave': 'members',
  'gossip history': 'members',
  'gossip zone change': 'zones',
  'gossip keyring use': 'keys',
  'gossip keyring remove': 'keys',
  'gossip events list': 'events',
  'gossip events wait': 'events',
  'silence add': 'checks',
  'silence remove': 'silences',
  'tokens revoke': 'tokens',
  'web sessions revoke': 'sessions',
};
const optionNouns: { [option: string]: LiveNoun } = {
  '--as': 'checks',
  '--check': 'checks',
  '--handler': 'handlers',
  '--zone': 'zones',
};
const knownValues: { [option: string]: string[] } = {
  '--if': ['critical', 'ok', 'unknown', 'warning'],
  '--scope': ['admin', 'push', 'read', 'write'],
  '--language': ['javascript', 'opsbro'],
  '--log-level': ['debug', 'error', 'info', 'warn'],
  '--kind': ['check', 'collector', 'detector', 'exporter', 'functions', 'handler'],
  '--event': [
    'acknowledgement',
    'alert',
    'downtime',
    'flapping',
    'group',
    'node',
    'problem',
    'recovery',
    'test',
  ],
};
/** Values of arguments, in order, where they are no names of the agent's; of a path the shell knows more. */
const knownArguments: { [command: string]: string[][] } = {
  'plugins new': [['check', 'collector', 'detector', 'exporter', 'functions', 'handler'], []],
};
/** The verb that is meant where a noun is followed by none. */
const impliedVerbs: { [noun: string]: string } = { explain: 'check' };
const printable = ['uuid', 'local-addr', 'public-addr'];

/** Adds the hidden verb that completion scripts ask: `__complete WORDS…`, the last word being the one under the cursor. */
export function registerComplete(program: Command, cli: CliContext): void {
  program
    .command('__complete [words...]', { hidden: true })
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: string[]) => {
      const data = words.lastIndexOf('--data', words.length - 3);
      // The agent of the command line under the cursor, not that of this command.
      if (data >= 0) program.setOptionValue('data', words[data + 1]);
      for (const candidate of await candidates(cli, words)) cli.print(candidate);
    });
}

/** What may stand in place of the last of `words`: commands, options, values or names the agent knows now. Never throws. */
export async function candidates(cli: CliContext, words: string[]): Promise<string[]> {
  const partial = words.at(-1) ?? '';
  const { command, path, given, option } = await findCommand(cli, words.slice(0, -1));
  const all =
    option !== undefined
      ? await optionValues(cli, option)
      : partial.startsWith('-')
        ? optionNames(command)
        : command.commands.length > 0
          ? [...commandNames(command, given), ...(await impliedNames(cli, command, path, given))]
          : await argumentNames(cli, command, path, given);
  return [...new Set(all)].filter((word) => word.startsWith(partial)).sort();
}

/** What was typed before the word under the cursor; `option` when that word is the value of one. */
interface Typed {
  command: Command;
  path: string[];
  given: number;
  option: string | undefined;
}

/** Walks the typed words down the tree of commands. Options and the values of options are passed over. */
async function findCommand(cli: CliContext, words: string[]): Promise<Typed> {
  const root = await wholeTree(cli, words);
  let command = root;
  const path: string[] = [];
  let given = 0;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] as string;
    if (word.startsWith('-')) {
      if (!takesValue(command, root, word)) continue;
      at += 1;
      if (at === words.length) return { command, path, given, option: word };
      continue;
    }
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (next === undefined) given += 1;
    else {
      command = next;
      path.push(word);
    }
  }
  return { command, path, given, option: undefined };
}

async function wholeTree(cli: CliContext, words: string[]): Promise<Command> {
  const root = new Command('opsbro')
    .option('--data <dir>')
    .option('--config <dir>')
    .option('--json')
    .option('--no-color')
    .option('-v, --version');
  for (const group of commandGroups) {
    if (words.includes(group.name) || (group.alias !== undefined && words.includes(group.alias))) {
      (await group.load(words))(root, cli);
    } else {
      root.command(group.name);
      if (group.alias !== undefined) root.command(group.alias);
    }
  }
  root.command('help');
  return root;
}

function takesValue(command: Command, root: Command, word: string): boolean {
  const option = [...command.options, ...root.options].find((one) => one.long === word || one.short === word);
  return option?.required === true || option?.optional === true;
}

function optionNames(command: Command): string[] {
  const names: string[] = ['--help'];
  for (let at: Command | null = command; at !== null; at = at.parent) {
    names.push(...at.options.flatMap((option) => option.long ?? []));
  }
  return names;
}

function commandNames(command: Command, given: number): string[] {
  if (given > 0) return [];
  return command.commands.filter((one) => !one.name().startsWith('__')).map((one) => one.name());
}

/** The arguments of the verb that may be left out. */
async function impliedNames(
  cli: CliContext,
  command: Command,
  path: string[],
  given: number,
): Promise<string[]> {
  const verb = impliedVerbs[path.join(' ')];
  const implied = command.commands.find((one) => one.name() === verb);
  return implied === undefined ? [] : argumentNames(cli, implied, [...path, implied.name()], given);
}

async function argumentNames(
  cli: CliContext,
  command: Command,
  path: string[],
  given: number,
): Promise<string[]> {
  if (path[0] === 'help') return commandGroups.map((group) => group.name);
  const expected: readonly Argument[] = command.registeredArguments;
  if (given >= expected.length && expected.at(-1)?.variadic !== true) return [];
  if (path.join(' ') === 'agent print') return printable;
  const known = knownArguments[path.join(' ')]?.[given];
  if (known !== undefined) return known;
  const exact = argumentNouns[path.join(' ')];
  const name = expected[given]?.name();
  if (name === 'value' || (name === 'path' && exact === undefined)) return [];
  const noun = exact ?? argumentNouns[path[0] ?? ''];
  return noun === undefined ? [] : namesOf(cli, noun);
}

/** Directories are none of them: those the shell knows better. */
async function optionValues(cli: CliContext, option: string): Promise<string[]> {
  const noun = optionNouns[option];
  return noun === undefined ? (knownValues[option] ?? []) : namesOf(cli, noun);
}

async function namesOf(cli: CliContext, noun: LiveNoun): Promise<string[]> {
  try {
    return await liveNames(await cli.agent(), noun, timeoutMs);
  } catch {
    // No agent, no names: completion is silent.
    return [];
  }
}
