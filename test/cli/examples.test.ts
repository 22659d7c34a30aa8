import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandGroups } from '../../cli/command-table.ts';
import { examples } from '../../cli/examples.ts';
import { Workplace } from './workplace.ts';

let place: Workplace;
const verbs = new Map<string, Command>();

/** Every command that does something, by its words. */
async function gather(): Promise<void> {
  const program = new Command('opsbro')
    .option('--data <dir>')
    .option('--config <dir>')
    .option('--json')
    .option('--no-color');
  const cli = {} as never;
  for (const group of commandGroups) (await group.load([group.name, 'parameters']))(program, cli);
  const walk = (command: Command, path: string[]): void => {
    const isGroups = path.join(' ') === 'groups';
    if (path.length > 0 && (command.commands.length === 0 || isGroups)) verbs.set(path.join(' '), command);
    for (const each of command.commands) walk(each, [...path, each.name()]);
  };
  walk(program, []);
}

/** The words of a line as a shell sees them, up to a redirection. */
function words(line: string): string[] {
  const found: string[] = line.match(/"[^"]*"|\S+/g) ?? [];
  const end = found.indexOf('>');
  return (end < 0 ? found : found.slice(0, end)).map((word) => word.replace(/^"|"$/g, ''));
}

beforeAll(async () => {
  place = new Workplace();
  await gather();
});

afterAll(() => place.dispose());

describe('examples', () => {
  it.each([
    [['--help'], "'opsbro <noun> <verb> --help' shows examples\n"],
    [['checks', '--help'], "'opsbro checks <verb> --help' shows examples\n"],
  ])('are announced by %j', async (line, end) => {
    const { out } = await place.opsbro(line);
    expect(out.endsWith(end)).toBe(true);
  });

  it('exist for every verb, and for nothing else', () => {
    expect(Object.keys(examples).sort()).toEqual([...verbs.keys()].sort());
  });

  it.each(Object.entries(examples))(
    'of %s begin with it, and have its options and arguments',
    (verb, lines) => {
      const command = verbs.get(verb) as Command;
      const known = [...command.options, ...(command.parent?.options ?? []), ...rootOptions(command)];
      for (const [line] of lines) {
        const typed = words(line);
        const own = verb.split(' ');
        expect(typed.slice(0, own.length)).toEqual(own);
        let given = 0;
        for (let at = own.length; at < typed.length; at += 1) {
          const word = typed[at] as string;
          if (!word.startsWith('--')) given += 1;
          else {
            const option = known.find(({ long }) => long === word);
            expect(option?.long, line).toBe(word);
            if (option?.required || (option?.optional && typed[at + 1]?.startsWith('--') === false)) at += 1;
          }
        }
        const takes = command.registeredArguments;
        expect(given, line).toBeGreaterThanOrEqual(takes.filter(({ required }) => required).length);
        if (!takes.some(({ variadic }) => variadic)) expect(given, line).toBeLessThanOrEqual(takes.length);
      }
    },
  );

  it.each([['checks', 'state'], ['monitoring', 'state'], ['agent', 'parameters', 'get'], ['groups']])(
    'end the help of %s %s',
    async (...path) => {
      const { code, out } = await place.opsbro([...path, '--help']);
      expect(code).toBe(0);
      expect(out).toMatch(/\nExamples:\n( {2}opsbro .+ # .+\n)+$/);
      expect(out).toContain(`opsbro ${path.join(' ').replace('monitoring', 'checks')}`);
    },
  );
});

function rootOptions(command: Command): Command['options'] {
  let at: Command = command;
  while (at.parent !== null) at = at.parent;
  return at.options;
}
