import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import type { GivenOptions, RunOptions } from './plugins-run.ts';

/** Adds the verbs of `opsbro plugins` for who writes one: they need no agent. */
export function registerAuthoring(noun: Command, cli: CliContext): void {
  noun
    .command('new <kind> <name>')
    .description(
      'begin a plugin: a working sample of a collector, detector, check, handler, exporter or functions',
    )
    .option('--single-file', 'one .ts file that opens with the manifest, instead of a folder')
    .option('--dir <dir>', 'where to put it; here, if nothing is said')
    .action(async (kind: string, name: string, options: { singleFile?: boolean; dir?: string }) =>
      (await import('./plugins-new.ts')).newPlugin(cli, kind, name, options),
    );
  noun
    .command('check <path>')
    .description('whether a plugin is right: manifest, code, types; what it asks for. Runs none of its code')
    .addHelpText(
      'after',
      `
As none of the code runs, this does not notice: what the sandbox leaves out (a package that needs Buffer
or typed arrays), calls that the permissions do not cover, what the code throws when it is loaded, and
results that go over the limits. 'opsbro plugins run' and 'opsbro plugins test' do.`,
    )
    .action(async (path: string) => (await import('./plugins-check.ts')).checkPlugin(cli, path));
  addRunOptions(
    noun
      .command('run <path>')
      .description(
        'run a plugin in the sandbox, at its interval or once: what it yields, uses up and is denied',
      )
      .option('--once', 'one run; exit 1 when it fails'),
  ).action(async (path: string, options: RunOptions) =>
    (await import('./plugins-run.ts')).runPlugin(cli, path, options),
  );
  addRunOptions(
    noun
      .command('dev <path>')
      .description('run a plugin in the sandbox, again after every write; approves nothing'),
  ).action(async (path: string, options: RunOptions) =>
    (await import('./plugins-dev.ts')).developPlugin(cli, path, options),
  );
  addOptions(
    noun
      .command('test <path>')
      .description(
        "run a plugin's own tests and, with the options given, the compliance suite of its kind, in the sandbox",
      ),
  ).action(async (path: string, options: GivenOptions) =>
    (await import('./plugins-test.ts')).testPlugin(cli, path, options),
  );
  noun
    .command('types <path>')
    .description("write plugin.d.ts: the types of a plugin's options, made of its manifest")
    .action(async (path: string) => (await import('./plugins-types.ts')).writeTypes(cli, path));
}

function addOptions(command: Command): Command {
  return command
    .option('--options <json>', 'the options, as a JSON object')
    .option('--option <name=value>', 'one option; repeatable', (value: string, before: string[] = []) => [
      ...before,
      value,
    ]);
}

function addRunOptions(command: Command): Command {
  return addOptions(command)
    .option('--event <type>', "what a handler is told of: problem, recovery …; 'test', if nothing is said")
    .option('--call <function>', 'the function to call, of several')
    .option('--args <json>', 'what it is called with, as a JSON list');
}
