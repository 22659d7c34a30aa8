import { readFileSync } from 'node:fs';
import type { Json, JsonObject, Limits, Permissions } from 'opsbro/sdk';
import { parse } from 'yaml';
import { packageRoot } from '../../../core/assembly.ts';

/** One way to get out, to use everything up, or to see what is not one's own, and how it must end. One of `fails`, `yields` and `rests` is given. */
export interface Attack {
  /** Present tense, as a test's title. */
  name: string;
  /** Its number in the list of attacks that this engine is known by, where it is one of those. */
  known?: number;
  /** Statements of `async collect(ctx)`. `{dir}` and `{port}` stand for what `Ground` has. */
  body: string;
  /** Statements of the plugin's script before that. */
  before?: string;
  permissions?: Permissions;
  limits?: Limits;
  options?: JsonObject;
  timeoutMs?: number;
  /** A typed failure with one of these codes; `spent` and `stopped` are sets of them. */
  fails?: string | string[];
  /** What the failure's message must match. */
  message?: string;
  /** It gets nothing: the run ends well with exactly this value, which shows what was in reach. */
  yields?: Json;
  /** It has nothing to do here, for a reason that matches this. */
  rests?: string;
}

/** It used up what it was given: the engine or the watchdog said so. */
const spent = ['OPSBRO_PLUGIN_BUDGET', 'OPSBRO_PLUGIN_TIMEOUT'];
const sets: { [name: string]: string[] } = { spent, stopped: [...spent, 'OPSBRO_PLUGIN_FAILED'] };

/** The tables of attacks. */
export const tables = ['breaking-out', 'exhausting', 'stealing'] as const;

/** The attacks of one table, with what `Ground` has filled in. */
export function readAttacks(table: (typeof tables)[number]): Attack[] {
  return parse(readFileSync(`${packageRoot}/test/sandbox/attacks/${table}.yml`, 'utf8')) as Attack[];
}

/** The codes that an attack may fail with. */
export function codesOf({ fails = [] }: Attack): string[] {
  return typeof fails === 'string' ? (sets[fails] ?? [fails]) : fails.flatMap((code) => sets[code] ?? code);
}

const tools = `const denied = 'OPSBRO_PLUGIN_DENIED';
const tell = async (call) => {
  try {
    const got = await call();
    return typeof got === 'object' ? JSON.stringify(got).slice(0, 500) : String(got).slice(0, 500);
  } catch (error) { return String(error.code); }
};
`;

/** The script of the plugin that an attack is: a collector. */
export function attackCode({ before = '', body }: Attack): string {
  return `${tools}${before}\nglobalThis.opsbroPlugin = { async collect(ctx) {\n${body}\n} };`;
}
