import type { Json, JsonObject } from 'opsbro/sdk';
import { simpleWords } from '../../exec/quote.ts';
import type { CheckCommand } from '../policy/model.ts';
import type { Report } from '../policy/report.ts';
import { parseSize } from '../sources/duration.ts';
import { isMapping } from '../sources/split.ts';
import { expandScript } from './macros.ts';

const keepBytes = 64 * 2 ** 10;
const leastBytes = 2 ** 10;
const mostBytes = 16 * 2 ** 20;
const commandKeys = ['nice', 'run_as', 'environment', 'output_limit'];
const ruleKeys = [
  ...['critical_if', 'warning_if', 'ok_output', 'critical_output', 'warning_output'],
  ...['variables', 'language'],
];
const variable = /^[A-Za-z_][A-Za-z0-9_]*$/;

const isSet = (value: Json | undefined): boolean => value !== undefined && value !== null && value !== '';

/** Warns of keys that the plugin of a check does not look at: those of a script beside expressions, and the other way round. */
export function unusedKeys(own: JsonObject, plugin: string, report: Report): void {
  const isScript = plugin === 'check/nagios';
  const warn = (key: string, reason: string): void =>
    report('warning', 'OPSBRO_CONFIG_UNKNOWN_KEY', `'${key}' has no effect: ${reason}`, [key], 'key');
  if (isScript) {
    for (const key of ruleKeys.filter((name) => isSet(own[name]))) warn(key, "the check runs its 'script'");
    return;
  }
  if (plugin !== 'check/rule')
    for (const key of ruleKeys.filter((name) => isSet(own[name]))) warn(key, `the check runs ${plugin}`);
  const rival = ['critical_if', 'warning_if'].find((name) => plugin === 'check/rule' && isSet(own[name]));
  if (isSet(own.script))
    warn(
      'script',
      rival === undefined ? `the check runs ${plugin}` : `the check has '${rival}'; remove one of the two`,
    );
  for (const key of commandKeys.filter((name) => isSet(own[name]))) warn(key, "the check runs no 'script'");
}

/**
 * The command line of a check with these keys, its macros replaced by values of `trees`. Undefined when it has none or it cannot be run;
 * the reason is reported.
 */
export function buildCommand(
  own: JsonObject,
  trees: readonly Json[],
  timeoutMs: number,
  report: Report,
): CheckCommand | undefined {
  const script = scriptOf(own.script);
  if (script === undefined) {
    const message =
      "the check lacks the key 'script': a command line, or a list of a program and its arguments";
    return void report('error', 'OPSBRO_CONFIG_MISSING_KEY', message, ['script']);
  }
  const { plan, findings, unresolved } = expandScript(script, trees);
  for (const { severity, code, message, argument, offset } of findings)
    report(severity, code, message, argument === null ? ['script'] : ['script', argument], 'value', offset);
  const environment = environmentOf(own.environment, report);
  const outputBytes = outputLimit(own.output_limit, report);
  if (plan === null || hasNul(plan) || (unresolved.length === 0 && hasNoProgram(plan))) {
    if (plan !== null)
      report('error', 'OPSBRO_CONFIG_TYPE', `'script' ${hasNul(plan) ? 'holds a NUL' : 'names no program'}`, [
        'script',
      ]);
    return undefined;
  }
  // Without any syntax of a shell it needs none: a subshell costs a fork for each run.
  const words = 'argv' in plan ? plan.argv : simpleWords(plan.shell);
  return {
    argv: words ?? null,
    shell: words === undefined && 'shell' in plan ? plan.shell : null,
    timeoutMs,
    outputBytes,
    nice: Number(own.nice ?? 0),
    runAs: typeof own.run_as === 'string' ? own.run_as : null,
    environment,
    unresolved,
  };
}

type Plan = NonNullable<ReturnType<typeof expandScript>['plan']>;

function scriptOf(value: Json | undefined): string | string[] | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  return Array.isArray(value) && value.length > 0 ? value.map(String) : undefined;
}

function hasNul(plan: Plan): boolean {
  return ('argv' in plan ? plan.argv : [plan.shell]).some((text) => text.includes('\0'));
}

function hasNoProgram(plan: Plan): boolean {
  return ('argv' in plan ? (plan.argv[0] ?? '') : plan.shell).trim() === '';
}

function environmentOf(value: Json | undefined, report: Report): CheckCommand['environment'] {
  const entries = Object.entries(isMapping(value) ? value : {});
  for (const [name, text] of entries) {
    const problem = variable.test(name)
      ? String(text).includes('\0') && `the variable '${name}' holds a NUL`
      : `'${name}' is no name of a variable: letters, digits and '_', no digit first`;
    if (problem) report('error', 'OPSBRO_CONFIG_TYPE', problem, ['environment', name], 'key');
  }
  return Object.fromEntries(entries.map(([name, text]) => [name, text === null ? null : String(text)]));
}

function outputLimit(value: Json | undefined, report: Report): number {
  const bytes = parseSize(value) ?? keepBytes;
  if (bytes < leastBytes || bytes > mostBytes)
    report('error', 'OPSBRO_CONFIG_TYPE', `'output_limit' is ${value}, expected a size from 1KiB to 16MiB`, [
      'output_limit',
    ]);
  return bytes;
}
