import { Command, CommanderError, Option } from 'commander';
import { OpsbroError } from '../core/errors.ts';
import { type CommandGroup, commandGroups } from './command-table.ts';
import { type CliContext, type CliProcess, createCliContext, type GlobalOptions } from './context.ts';
import { errorText } from './error-text.ts';
import { examplesText } from './examples.ts';
import { protectExpression } from './expression-argument.ts';
import { meantCommands } from './meant-command.ts';
import { packageVersion } from './package-version.ts';

/** Options with a value that may stand before the first word. */
const valuedOptions = new Set(['--data', '--config']);

/**
 * Runs one command line (without node and script) and returns its exit code: 0 ok, 1 failed, 2 usage or unknown object, 78 bad
 * configuration. Loads only the code of the group that was typed. Never throws; whatever fails is one line on stderr.
 */
export async function runCli(line: string[], host: CliProcess): Promise<number> {
  // The older way to ask for candidates: the partial words, with this variable.
  const argv = host.env.EXEC_COMPLETION === '1' ? ['__complete', '--', ...line] : line;
  const program = new Command('opsbro');
  const cli = createCliContext(host, () => ({
    config: [],
    json: false,
    ...program.opts<Partial<GlobalOptions> & { color: boolean }>(),
  }));
  describeProgram(program, cli, argv);
  try {
    await registerGroups(program, cli, argv);
    if (argv.length === 0) return await greet(program, cli);
    await program.parseAsync(protectExpression(argv), { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    return report(error, cli);
  } finally {
    if (cli.closing !== undefined && !cli.options().json) cli.note(cli.closing);
  }
}

function describeProgram(program: Command, cli: CliContext, argv: string[]): void {
  const isJson = isJsonWanted(argv);
  const host = cli.process;
  program
    .description('Monitoring and service discovery agent.')
    .usage('<noun> <verb> [arguments] [options]')
    .version(packageVersion(host.root), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand('help [command]', 'explain a command')
    .option('--data <dir>', "the agent's data directory (OPSBRO_DATA)")
    .addOption(
      new Option('--config <dir>', 'a config.d over the shipped one; repeatable (OPSBRO_CONFIG)').argParser(
        (value: string, before: string[] = []) => [...before, value],
      ),
    )
    .option('--json', 'print one JSON document')
    .option('--no-color', 'no colours (NO_COLOR)')
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('afterAll', ({ command, error }) => (error ? '' : examplesText(command)))
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
      outputError: (text, write) => write(`${usageText(text, program, argv, isJson)}\n`),
      getOutHelpWidth: () => (host.stdout.isTTY ? (host.stdout.columns ?? 80) : 100),
      getErrHelpWidth: () => (host.stderr.isTTY ? (host.stderr.columns ?? 80) : 100),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

/** What commander says of a wrong line, said as every other error is: one line, with the word that was meant, or where to look. */
function usageText(text: string, program: Command, argv: string[], isJson: boolean): string {
  const command = commandOf(program, argv);
  const name = nameOf(command);
  const message = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (?:one of )?(.+)\?\)$/, (_all, words: string) => {
      return `; did you mean '${words.split(', ').join("' or '")}'?`;
    })
    .replace(/^too many arguments for '[^']*'\. Expected 0 .*$/, (all) => {
      const word = operands(argv)[nameOf(command).split(' ').length - 1];
      return command.commands.length > 0 ? `unknown command '${word}'` : all;
    })
    .replace(/\. Expected (\d+) arguments? but got (\d+)\.$/, (_all, taken: string, given: string) => {
      return `: it takes ${taken === '0' ? 'none' : taken} and got ${given}`;
    })
    .replace(/^command-argument value (.*)\. Allowed choices are (.*)\.$/, '$1; it is one of $2')
    .replace(/^(unknown command '([^']*)')(;.*)?$/, (all, unknown: string, word: string, near?: string) => {
      const meant = meantCommands(command, word, near !== undefined);
      return meant.length === 0 ? all : `${unknown}; did you mean '${meant.join("' or '")}'?`;
    })
    .replace(/^unknown (?:command|option) '[^']*'$/, `$&; '${name} --help' lists all`)
    .replace(/^missing required argument '([^']*)'$/, (all, argument: string) => {
      return `${all}; write '${name} ${argumentsOf(command, argument)}'`;
    });
  return errorText(new OpsbroError('OPSBRO_CLI_USAGE', message), isJson);
}

/** The command that a line names, as far as its words are those of commands. */
function commandOf(program: Command, argv: string[]): Command {
  let found = program;
  for (const word of operands(argv)) {
    const next = found.commands.find(
      (command) => command.name() === word || command.aliases().includes(word),
    );
    if (next === undefined) break;
    found = next;
  }
  return found;
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

/** What stands behind a command; of a noun whose verb may be left out, behind the verb that has this argument. */
function argumentsOf(command: Command, argument: string): string {
  const verb = command.commands.find(({ registeredArguments: [first] }) => first?.name() === argument);
  return (verb ?? command).usage().replace(/^\[options\] /, '');
}

async function greet(program: Command, cli: CliContext): Promise<number> {
  const { bannerText } = await import('./version.ts');
  // Reads the defaults of the global options, which the banner's colours depend on.
  program.parseOptions([]);
  cli.print(`${bannerText(cli)}\n`);
  program.outputHelp();
  return 0;
}

/** Groups that were not typed are names in the help; their code stays on disk, which keeps a verb's start short. */
async function registerGroups(program: Command, cli: CliContext, argv: string[]): Promise<void> {
  const words = operands(argv);
  const typed = words[0] === 'help' ? words[1] : words[0];
  const isOf = ({ name, alias }: CommandGroup): boolean => name === typed || alias === typed;
  // A first word that is none may be a verb: whose, only all groups tell.
  const isNone = words[0] === typed && typed !== '__complete' && !commandGroups.some(isOf);
  for (const group of commandGroups) {
    if (typed !== undefined && (isNone || isOf(group))) {
      const register = await group.load(words);
      register(program, cli);
    } else {
      addPlaceholder(program, group);
    }
  }
  if (typed === '__complete') {
    const { registerComplete } = await import('./complete.ts');
    registerComplete(program, cli);
  }
}

function addPlaceholder(program: Command, group: CommandGroup): void {
  const command = program.command(group.name).description(group.summary);
  if (group.alias !== undefined) command.alias(group.alias);
}

/** The words of a command line that are neither options nor values of global options. */
export function operands(argv: string[]): string[] {
  const words: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] as string;
    if (word === '--') break;
    if (valuedOptions.has(word)) at += 1;
    else if (!word.startsWith('-')) words.push(word);
  }
  return words;
}

/** Whether a command line asks for JSON; known also where it is too wrong to be parsed. */
export function isJsonWanted(argv: string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

function report(error: unknown, cli: CliContext): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  cli.noteError(error);
  if (!(error instanceof OpsbroError)) return 1;
  if (error.code === 'OPSBRO_CLI_USAGE' || error.code === 'OPSBRO_API_NOT_FOUND') return 2;
  return error.code.startsWith('OPSBRO_CONFIG_') ? 78 : 1;
}
