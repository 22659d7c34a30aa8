import type { Command } from 'commander';

const mostNamed = 3;

/** What other programs, and habit, call what has another name here; by the words that were typed behind `opsbro`. */
const otherWords: { [words: string]: string } = {
  status: 'agent info',
  validate: 'config check',
  maint: 'downtime add',
  monitor: 'agent log follow',
  'agent status': 'agent info',
  'agent show': 'agent info',
  'checks status': 'checks state',
  'collectors status': 'collectors state',
  'config reload': 'agent reload',
  'config validate': 'config check',
  'detectors status': 'detectors state',
  'gossip list': 'gossip members',
  'plugins status': 'plugins list',
  'push list': 'push servers list',
};

/**
 * The commands that an unknown `word` behind `command` probably means, as whole lines; none when nothing is so called or too much is. With
 * `isNear` another word is near to it by its letters, and only what is known to be meant counts. Of a word that is the first, all groups of
 * the command line have to be loaded.
 */
export function meantCommands(command: Command, word: string, isNear: boolean): string[] {
  const root = rootOf(command);
  const typed = [...wordsOf(command).slice(1), word].join(' ');
  const other = Object.hasOwn(otherWords, typed) ? otherWords[typed] : undefined;
  if (other !== undefined) return [`opsbro ${other}`];
  if (isNear) return [];
  const nouns = command === root ? [] : root.commands.filter((one) => one.name() === word);
  const found = [...nouns, ...below(command, word)].map((one) => wordsOf(one).join(' '));
  return found.length > mostNamed ? [] : found;
}

function below(command: Command, word: string): Command[] {
  const inner = command.commands.flatMap((one) => one.commands);
  const own = inner.filter((one) => one.name() === word);
  return [...own, ...command.commands.flatMap((one) => below(one, word))].filter(
    (one, at, all) => all.indexOf(one) === at,
  );
}

function wordsOf(command: Command): string[] {
  return command.parent === null ? [command.name()] : [...wordsOf(command.parent), command.name()];
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}
