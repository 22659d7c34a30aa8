import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Json, JsonObject } from 'opsbro/sdk';
import { type Loaded, lookUp, scanDirectories, shownParameters, yamlText } from '../configuration/offline.ts';
import { OpsbroError } from '../core/errors.ts';
import { nearest } from '../language/nearest.ts';
import { configuredDirectories, editedDirectories } from './configured-directories.ts';
import type { CliContext } from './context.ts';
import { openConfiguration, openConfigured } from './offline-configuration.ts';
import { editList, type Parameter, printParameter, setParameter, typeOf } from './parameter-edit.ts';
import { placeText } from './place-text.ts';

/** Older tools name a level first; here the first directory is `core` and the last one is where changes go. */
const levels = new Set(['core', 'global', 'zone', 'local']);

/** Adds `opsbro packs`: what the packs hold, and their parameters. */
export function registerPacks(program: Command, cli: CliContext): void {
  const noun = program.command('packs').description('list packs, show and edit their parameters');
  noun
    .command('list')
    .description('every pack: what it is for and how much it holds')
    .action(() => listPacks(cli));
  noun
    .command('show [pack]')
    .description('the objects and parameters of a pack, or of all')
    .action((pack: string | undefined) => showPacks(cli, pack));
  noun
    .command('overload <pack>')
    .description('copy a pack into the last --config directory, where its objects go over the originals')
    .option('--to-level <level>', 'kept for older scripts; there is one level above the shipped one', 'local')
    .action((pack: string) => overload(cli, pack));
  const parameters = noun.command('parameters').description("read and edit a pack's parameters.yml");
  parameters
    .command('get <path>')
    .description('print PACK.KEY and the comments beside it')
    .action(async (path: string) => printParameter(cli, find(cli, path, await configuredDirectories(cli))));
  parameters
    .command('set <path> <value>')
    .description('set PACK.KEY (YAML text), keeping comments')
    .action(async (path: string, value: string) =>
      setParameter(cli, find(cli, path, await overOf(cli, path)), value),
    );
  parameters
    .command('add <path> <value>')
    .description('add an item to a list')
    .action(async (path: string, value: string) =>
      editList(cli, find(cli, path, await overOf(cli, path)), 'ADD', value),
    );
  parameters
    .command('remove <path> <value>')
    .description('remove an item from a list')
    .action(async (path: string, value: string) =>
      editList(cli, find(cli, path, await overOf(cli, path)), 'REMOVE', value),
    );
}

interface PackView {
  name: string;
  description: string;
  topics: string[];
  checks: number;
  detectors: number;
  parameters: number;
}

async function listPacks(cli: CliContext): Promise<void> {
  const { configuration, directories } = await openConfigured(cli);
  const loaded = configuration.read(directories);
  const views = packNames(loaded).map((name) => packView(loaded, name));
  cli.show(views, () =>
    cli.table(
      [
        { title: 'PACK', text: (pack) => pack.name },
        { title: 'CHECKS', text: (pack) => String(pack.checks), align: 'right' },
        { title: 'DETECTORS', text: (pack) => String(pack.detectors), align: 'right' },
        { title: 'PARAMETERS', text: (pack) => String(pack.parameters), align: 'right' },
        { title: 'DESCRIPTION', text: (pack) => pack.description || pack.topics.join(', ') },
      ],
      views,
    ),
  );
}

function packNames({ objects, parameters }: Loaded): string[] {
  return [...new Set([...objects.map(({ pack }) => pack), ...parameters.keys()])]
    .filter((name) => name !== 'core')
    .sort();
}

function packView({ objects, parameters }: Loaded, name: string): PackView {
  const own = objects.filter(({ pack }) => pack === name);
  const info = own.find((object) => object.kind === 'package')?.package ?? {};
  return {
    name,
    description: String(info.description ?? ''),
    topics: Array.isArray(info.topics) ? info.topics.map(String) : [],
    checks: own.filter(({ kind }) => kind === 'check').length,
    detectors: own.filter(({ kind }) => kind === 'detector').length,
    parameters: Object.keys(parameters.get(name) ?? {}).length,
  };
}

/** One pack is a document of its own, all of them are a list. */
async function showPacks(cli: CliContext, given: string | undefined): Promise<void> {
  const { configuration, directories } = await openConfigured(cli);
  const loaded = configuration.read(directories);
  if (given === undefined) {
    const pages = packNames(loaded).map((name) => packPage(cli, loaded, name));
    const views = pages.map(({ view }) => view);
    return cli.show(views, () => pages.map(({ text }) => text).join('\n\n'));
  }
  const name = given.split('.').at(-1) as string;
  requirePack(loaded, name);
  const { view, text } = packPage(cli, loaded, name);
  cli.show(view, () => text);
}

function packPage(cli: CliContext, loaded: Loaded, name: string): { view: JsonObject; text: string } {
  const objects = loaded.objects.filter(({ pack }) => pack === name);
  const parameters = shownParameters(loaded, name);
  const summary = packView(loaded, name);
  const view: JsonObject = {
    ...(summary as unknown as JsonObject),
    objects: objects.map(({ id, place }): Json => ({ id, file: place.file, line: place.line })),
    parameters,
  };
  const lines = [
    `${cli.paint.bold(name)}  ${summary.description}`,
    ...objects.map(({ id, place }) => `  ${id}  ${cli.paint.dim(placeText(place))}`),
    ...(Object.keys(parameters).length === 0
      ? []
      : ['', cli.paint.bold('parameters'), yamlText(parameters).trimEnd()]),
  ];
  return { view, text: lines.join('\n') };
}

/** Copies a pack as it is; refuses to write over one that is there already, with exit 2. */
async function overload(cli: CliContext, given: string): Promise<void> {
  const pack = given.split('.').at(-1) as string;
  const { configuration, directories } = openConfiguration(cli, await editedDirectories(cli));
  requirePack(configuration.read(directories), pack);
  const places = directories.config.map((directory) => [
    join(directory, 'packs', pack),
    join(directory, pack),
  ]);
  const source = places.flat().find((folder) => existsSync(folder));
  const target = join(directories.config.at(-1) as string, pack);
  const taken = places.at(-1)?.find((folder) => existsSync(folder));
  if (source === undefined || taken !== undefined) {
    const why = taken === undefined ? `the pack ${pack} has no folder of its own` : `${taken} exists already`;
    throw new OpsbroError('OPSBRO_CLI_USAGE', `${why}; nothing was copied`);
  }
  cpSync(source, target, { recursive: true });
  cli.show({ pack, from: source, to: target }, () => `OK: the pack ${pack} (${source}) is now in ${target}`);
}

function requirePack(loaded: Loaded, name: string): void {
  const names = packNames(loaded);
  if (names.includes(name)) return;
  const meant = nearest(name, names);
  const advice = meant === undefined ? "'opsbro packs list' shows all" : `did you mean '${meant}'?`;
  throw new OpsbroError('OPSBRO_CLI_USAGE', `no pack '${name}' is configured; ${advice}`);
}

/** `[LEVEL.]PACK.KEY…`: level `core` is the shipped directory, every other (and none) the last one given. */
function find(cli: CliContext, given: string, over: string[]): Parameter {
  const words = given.split('.');
  const level = words.length > 2 && levels.has(words[0] as string) ? words.shift() : undefined;
  const [pack = '', ...steps] = words;
  const { configuration, directories } = openConfiguration(cli, over);
  const loaded = configuration.read(directories);
  requirePack(loaded, pack);
  const parameters = loaded.parameters.get(pack) ?? {};
  const value = lookUp(parameters, steps);
  if (steps.length === 0 || value === undefined) {
    const meant = nearest(steps.join('.'), paths(parameters));
    const advice =
      meant === undefined ? `'opsbro packs show ${pack}' lists them` : `did you mean '${meant}'?`;
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      `the pack ${pack} has no parameter '${steps.join('.')}'; ${advice}`,
    );
  }
  const shown = lookUp(shownParameters(loaded, pack), steps);
  const isSecret = JSON.stringify(shown) !== JSON.stringify(value);
  const directory = (level === 'core' ? directories.config[0] : directories.config.at(-1)) as string;
  const found = scanDirectories([directory], null).files.find(
    (file) => file.isParameters && file.pack === pack,
  );
  const file = found?.path ?? join(directory, pack, 'parameters.yml');
  return { name: `${pack}.${steps.join('.')}`, file, path: steps, value, type: typeOf(value), isSecret };
}

/** Level `core` names the shipped directory, so it may be written. */
function overOf(cli: CliContext, path: string): Promise<string[]> {
  const words = path.split('.');
  return words.length > 2 && words[0] === 'core' ? configuredDirectories(cli) : editedDirectories(cli);
}

function paths(tree: JsonObject, prefix = ''): string[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const nested = typeof value === 'object' && value !== null && !Array.isArray(value);
    return nested ? paths(value, `${prefix}${key}.`) : [`${prefix}${key}`];
  });
}
