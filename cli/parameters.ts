import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Json, JsonObject } from 'opsbro/sdk';
import { kindSchemas, type Loaded, lookUp, type Path, validate } from '../configuration/offline.ts';
import { OpsbroError } from '../core/errors.ts';
import { nearest } from '../language/nearest.ts';
import { configuredDirectories, editedDirectories } from './configured-directories.ts';
import type { CliContext } from './context.ts';
import { openConfiguration, openConfigured } from './offline-configuration.ts';
import {
  editList,
  type Parameter,
  type ParameterType,
  printParameter,
  setParameter,
  typeOf,
} from './parameter-edit.ts';
import { placeText } from './place-text.ts';

/** Adds the verbs of `opsbro agent parameters` below the `agent` command: they read and edit agent.yml. */
export function registerParameters(agent: Command, cli: CliContext): void {
  const known = agent.commands.find((command) => command.name() === 'parameters');
  const noun = known ?? agent.command('parameters').description('show and edit the keys of agent.yml');
  noun
    .command('show')
    .description('every key of agent.yml, its value and where it comes from')
    .action(() => showAll(cli));
  noun
    .command('get <name>')
    .description('print one value and the comments beside it')
    .action(async (name: string) =>
      printParameter(cli, find(cli, name, true, await configuredDirectories(cli))),
    );
  noun
    .command('set <name> <value>')
    .description('set a value (YAML text) in agent.yml, keeping its comments')
    .action((name: string, value: string) => setAgentParameter(cli, name, value));
  noun
    .command('add <name> <value>')
    .description('add an item to a list, such as groups or seeds')
    .action(async (name: string, value: string) =>
      editList(cli, find(cli, name, false, await editedDirectories(cli)), 'ADD', value),
    );
  noun
    .command('remove <name> <value>')
    .description('remove an item from a list')
    .action(async (name: string, value: string) =>
      editList(cli, find(cli, name, false, await editedDirectories(cli)), 'REMOVE', value),
    );
}

/** Sets a key of agent.yml in the last directory, as `agent parameters set` does. */
export async function setAgentParameter(cli: CliContext, name: string, value: string): Promise<void> {
  setParameter(cli, find(cli, name, false, await editedDirectories(cli)), value);
}

async function showAll(cli: CliContext): Promise<void> {
  const { configuration, directories } = await openConfigured(cli);
  configuration.read(directories);
  const keys = configuration.show('agent').at(-1)?.keys ?? [];
  cli.show(Object.fromEntries(keys.map(({ key, value }) => [key, value])), () =>
    cli.table(
      [
        { title: 'KEY', text: ({ key }) => key },
        { title: 'FROM', text: ({ place }) => (place === undefined ? 'default' : placeText(place)) },
        { title: 'VALUE', text: ({ value }) => (typeof value === 'string' ? value : JSON.stringify(value)) },
      ],
      keys,
    ),
  );
}

const agentSchema: JsonObject = { type: 'object', properties: kindSchemas.agent.properties };

/** The file agent.yml is edited in is that of the last directory; it is made when it does not exist. */
function find(cli: CliContext, name: string, mustBeSet: boolean, over: string[]): Parameter {
  const { configuration, directories } = openConfiguration(cli, over);
  const loaded = configuration.read(directories);
  const steps = name.replace(/^agent\./, '').split('.');
  const schema = lookUp(kindSchemas.agent.properties, [steps[0] ?? '']);
  if (schema === undefined) {
    const meant = nearest(steps[0] ?? '', Object.keys(kindSchemas.agent.properties));
    const advice = meant === undefined ? "free data goes below 'variables.'" : `did you mean '${meant}'?`;
    throw new OpsbroError('OPSBRO_CLI_USAGE', `agent.yml has no parameter '${steps[0]}'; ${advice}`);
  }
  const value = lookUp({ ...loaded.agent.values, variables: loaded.agent.variables }, steps);
  if (value === undefined && mustBeSet)
    throw new OpsbroError('OPSBRO_CLI_USAGE', `the parameter ${steps.join('.')} is not set`);
  const folder = directories.config.at(-1) as string;
  const file = agentFile(folder);
  const type = steps.length === 1 ? schemaType(schema) : typeOf(value);
  const path = [...prefix(loaded, file), ...steps];
  const isSecret = (schema as JsonObject).format === 'secret';
  return {
    name: `agent.${steps.join('.')}`,
    isSecret,
    file: file ?? join(folder, 'agent.yml'),
    path,
    value,
    type,
    fault: (given) => faultOf(steps, given),
  };
}

/** The file of a directory that is read as agent.yml; undefined when it has none. */
function agentFile(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const name = readdirSync(folder).find((each) => /^agent\.ya?ml$/i.test(each));
  return name === undefined ? undefined : join(folder, name);
}

/** What is wrong with a value of agent.yml, as its schema has it. */
function faultOf(steps: string[], given: Json): string | undefined {
  const value = steps.reduceRight<Json>((inner, step) => ({ [step]: inner }), given) as JsonObject;
  const isOfIt = ({ path }: { path: Path }): boolean => steps.every((step, at) => path[at] === step);
  return validate(agentSchema, value, 'agent.yml').find(isOfIt)?.message;
}

/** `agent.yml` may hold its keys below `agent:`. */
function prefix(loaded: Loaded, file: string | undefined): string[] {
  const raw = loaded.agentRaws.find((candidate) => candidate.place.file === file);
  const first = raw === undefined ? undefined : Object.keys(raw.value)[0];
  if (raw === undefined || first === undefined) return [];
  return raw.locate([first], 'key').column > 1 ? ['agent'] : [];
}

function schemaType(schema: Json): ParameterType | undefined {
  const { type, enum: values } = schema as JsonObject;
  const types: { [type: string]: ParameterType } = {
    string: 'string',
    boolean: 'bool',
    integer: 'int',
    number: 'float',
    array: 'string_list',
    object: 'mapping',
  };
  return typeof type === 'string' ? types[type] : values === undefined ? undefined : 'string';
}
