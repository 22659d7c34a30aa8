import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Json } from 'opsbro/sdk';
import { type Path, parseYaml, yamlText } from '../configuration/offline.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { YamlEdit } from './yaml-edit.ts';

/** One parameter to look at or change. */
export interface Parameter {
  /** As printed: `agent.display_name`. */
  name: string;
  /** The file it is written to; need not exist. */
  file: string;
  path: Path;
  /** Its value now, over all directories; undefined when it is not set. */
  value: Json | undefined;
  /** What it must be: a JSON type, or undefined when anything may stand there. */
  type: ParameterType | undefined;
  /** Never printed, nor noted in the file's change comments. */
  isSecret: boolean;
  /** What is wrong with a value that it would get; without it, nothing is. */
  fault?(value: Json): string | undefined;
}

/** Types a parameter may have, in the words of OpsBro's own tool. */
export type ParameterType = 'string' | 'bool' | 'int' | 'float' | 'string_list' | 'mapping';

const arrow = '→';
const hidden = '********';

/** The type a value shows, for parameters that no schema describes. */
export function typeOf(value: Json | undefined): ParameterType | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return 'string_list';
  if (typeof value === 'object') return 'mapping';
  if (typeof value === 'number') return 'float';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

/** Prints `name → value` and, below it, the comments of its key. */
export function printParameter(cli: CliContext, parameter: Parameter): void {
  const { name, file, path, isSecret } = parameter;
  const value = isSecret && parameter.value !== undefined ? hidden : parameter.value;
  const comments = existsSync(file) ? openYaml(file).comments(path) : [];
  const text = typeof value === 'object' && value !== null ? `\n${yamlText(value)}` : yamlText(value ?? null);
  cli.show({ name, value: value ?? null, comments }, () =>
    [`${name} ${arrow} ${text}`, ...comments.map((comment) => `  | # ${comment}`)].join('\n'),
  );
}

/** Sets a parameter to a value given as YAML text. Refuses lists, and what is not of its type. */
export function setParameter(cli: CliContext, parameter: Parameter, text: string): void {
  const { name, path, type } = parameter;
  if (type === 'string_list') {
    usage(
      cli,
      `the parameter ${parameter.path.join('.')} is a list. Cannot use the set. Please use add/remove instead`,
    );
    return;
  }
  const value = parseValue(cli, text, name, type);
  if (value === undefined || isRefused(cli, parameter, value)) return;
  change(cli, parameter, 'SET', text, (yaml) => {
    if (JSON.stringify(yaml.get(path)) === JSON.stringify(value)) return false;
    yaml.set(path, value);
    return true;
  });
}

/** Adds an item to a list, or removes it. Refuses what is no list. Doing it twice changes nothing the second time. */
export function editList(
  cli: CliContext,
  parameter: Parameter,
  action: 'ADD' | 'REMOVE',
  item: string,
): void {
  const { path, type, value } = parameter;
  if (type !== 'string_list') {
    usage(
      cli,
      `the parameter ${path.join('.')} is not a list. Cannot use the add/remove. Please use set instead`,
    );
    return;
  }
  const items = Array.isArray(value) ? value : [];
  if (action === 'ADD' && isRefused(cli, parameter, [item])) return;
  change(cli, parameter, action, item, (yaml) => {
    const has = items.some((each) => String(each) === item);
    if (has === (action === 'ADD')) return false;
    yaml.setItems(path, action === 'ADD' ? [...items, item] : items.filter((each) => String(each) !== item));
    return true;
  });
}

function isRefused(cli: CliContext, { fault }: Parameter, value: Json): boolean {
  const message = fault?.(value);
  if (message !== undefined) usage(cli, message);
  return message !== undefined;
}

function change(
  cli: CliContext,
  { name, file, path, isSecret }: Parameter,
  action: 'SET' | 'ADD' | 'REMOVE',
  given: string,
  edit: (yaml: YamlEdit) => boolean,
): void {
  const text = isSecret ? hidden : given;
  const yaml = openYaml(file);
  const changed = edit(yaml);
  if (changed) {
    const at = new Date().toISOString().slice(0, 19).replace('T', ' ');
    const body = yaml.toString();
    const comment = `# CHANGE: (${at}) ${action} ${path.join('.')} ${arrow} ${text.replace(/\s+/g, ' ')}`;
    writeAtomically(file, `${body}${body === '' || body.endsWith('\n') ? '' : '\n'}${comment}\n`);
  }
  const verdict = changed ? 'OK' : action === 'REMOVE' ? 'OK(was not set)' : 'OK(already set)';
  cli.show(
    { name, file, action, value: text, changed },
    () => `${verdict}: ${name} (${file}) ${action} ${path.at(-1)} ${arrow} ${text}`,
  );
}

function openYaml(file: string): YamlEdit {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  try {
    return new YamlEdit(text);
  } catch (thrown) {
    const finding = parseYaml(text).findings[0];
    const where = finding === undefined ? file : `${file}:${finding.line}:${finding.column}`;
    const why = finding?.message ?? (thrown as Error).message;
    throw new OpsbroError('OPSBRO_CONFIG_SYNTAX', `${where}: ${why}; mend the file first`);
  }
}

function parseValue(
  cli: CliContext,
  text: string,
  name: string,
  type: ParameterType | undefined,
): Json | undefined {
  const { documents, findings } = parseYaml(text);
  const bad = findings.some(({ severity }) => severity === 'error');
  const value = bad ? text : (documents[0]?.value ?? null);
  if (type === 'string') return typeof value === 'string' ? value : text;
  const fits =
    type === undefined ||
    (type === 'bool' && typeof value === 'boolean') ||
    (type === 'int' && Number.isInteger(value)) ||
    (type === 'float' && typeof value === 'number') ||
    (type === 'mapping' && typeof value === 'object' && value !== null && !Array.isArray(value));
  if (fits) return value;
  usage(cli, `The value ${text} for parameter ${name} is not valid, should be of type ${type}`);
  return undefined;
}

/** Says what is wrong in the words of OpsBro's own tool, exit 2. */
function usage(cli: CliContext, message: string): void {
  if (cli.options().json) cli.noteError(new OpsbroError('OPSBRO_CLI_USAGE', message));
  else cli.note(`Error: ${message}`);
  cli.exitCode = 2;
}

/** A reader sees the old file or the new one, also after a power cut. Links are written through; mode and owner stay. */
function writeAtomically(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const target = existsSync(file) ? realpathSync(file) : file;
  const temporary = `${target}.new~`;
  const before = existsSync(target) ? statSync(target) : undefined;
  const handle = openSync(temporary, 'w', before?.mode ?? 0o644);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  if (before !== undefined) {
    chmodSync(temporary, before.mode);
    const { uid, gid } = statSync(temporary);
    if (uid !== before.uid || gid !== before.gid) chownSync(temporary, before.uid, before.gid);
  }
  renameSync(temporary, target);
  const folder = openSync(dirname(target), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
