import type { Command } from 'commander';
import type { Json } from 'opsbro/sdk';
import { redacted } from '../configuration/sources/options.ts';
import type { ControlClient } from '../control/client.ts';
import type { CheckExplanationView, EvaluationView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import { fetchCheck } from './checks-verdict.ts';
import type { CliContext } from './context.ts';
import { explanationText } from './explain-text.ts';
import { objectPath } from './live-names.ts';
import { parseMoment, parseSeconds } from './quantities.ts';

const conditions = ['critical_if', 'warning_if'];
const states = ['ok', 'warning', 'critical', 'unknown'];
const evaluationTimeoutMs = 60_000;

interface ExplainOptions {
  at?: string;
  since: string;
  if?: string;
}

/** What a condition gives now. */
export interface ConditionView {
  key: string;
  expression: string;
  ok: boolean;
  text: string;
  missing: string[];
  error: { code: string; message: string } | null;
  tree: Json;
}

/** Adds `opsbro explain`: why something is as it is. */
export function registerExplain(program: Command, cli: CliContext): void {
  program
    .command('explain')
    .description('why a check is what it is, and why whom was told or not')
    .command('check <name>', { isDefault: true })
    .description('its values, its steps, what holds it back, and who was told with which key, or why not')
    .option('--at <time>', "as it was: a time, '03:12', or 2h for two hours ago")
    .option('--since <duration>', 'steps of the last 30m, 2h, 1d …', '2h')
    .option('--if <state>', 'who would be told if it were ok, warning, critical or unknown now')
    .action((name: string, options: ExplainOptions) => explainCheck(cli, name, options));
}

async function explainCheck(cli: CliContext, name: string, options: ExplainOptions): Promise<void> {
  const { if: supposed } = options;
  if (supposed !== undefined) refuseSupposition(supposed, options.at);
  const now = Date.now();
  const at = options.at === undefined ? null : parseMoment(options.at, '--at', now);
  const since = Math.max(0, (at ?? now) - parseSeconds(options.since, '--since') * 1000);
  const client = await cli.agent();
  const { id } = await fetchCheck(client, name);
  const query = new URLSearchParams({ since: new Date(since).toISOString() });
  if (at !== null) query.set('at', new Date(at).toISOString());
  if (supposed !== undefined) query.set('if', supposed);
  const path = objectPath('checks', id).replace('/checks/', '/explain/checks/');
  const view = await client.request<CheckExplanationView>('GET', `${path}?${query}`);
  const found = view.past ? [] : await evaluateConditions(client, view);
  cli.show({ ...view, conditions: found }, () => explanationText(cli, view, found, Date.now()));
}

/** Throws OPSBRO_CLI_USAGE for what is no state, and beside a moment that has passed. */
function refuseSupposition(state: string, at: string | undefined): void {
  if (!states.includes(state))
    throw new OpsbroError('OPSBRO_CLI_USAGE', `--if is '${state}', expected ${states.join(', ')}`);
  if (at !== undefined) throw new OpsbroError('OPSBRO_CLI_USAGE', '--if is asked of now; leave --at out');
}

/** What the conditions of a check come to now, with the value of each part. Not of those in JavaScript, which have no parts. */
async function evaluateConditions(
  client: ControlClient,
  { check, written }: CheckExplanationView,
): Promise<ConditionView[]> {
  const language = written.find(({ key }) => key === 'language')?.value ?? 'opsbro';
  const found: ConditionView[] = [];
  const shown = new Map(written.map((one) => [one.key, one.value]));
  const hasSecret = JSON.stringify([...shown.values()]).includes(redacted);
  for (const { key, value } of written) {
    if (!conditions.includes(key) || typeof value !== 'string' || language !== 'opsbro') continue;
    const body = { expression: value, as: check.id, explain: true };
    const seen = await client.request<EvaluationView>('POST', '/api/v1/evaluator/eval', body, {
      timeoutMs: evaluationTimeoutMs,
    });
    const { ok, text, missing, error, tree = null } = seen;
    found.push({ key, expression: value, ok, text, missing, error, tree: shownTree(tree, shown, hasSecret) });
  }
  return found;
}

/**
 * The parts of an expression as they may be shown: a parameter as the configuration shows it, without its secrets; besides the values of
 * collectors only numbers and truth values, since a text may be made of a parameter; and not even those where one of them is a secret.
 */
function shownTree(tree: Json, shown: ReadonlyMap<string, Json>, hasSecret: boolean): Json {
  if (tree === null || typeof tree !== 'object' || Array.isArray(tree)) return tree;
  const { value, children, ...rest } = tree;
  const open = shownValue(String(tree.source ?? ''), value, shown, hasSecret);
  return {
    ...rest,
    ...(open === undefined ? {} : { value: open }),
    ...(Array.isArray(children)
      ? { children: children.map((child) => shownTree(child, shown, hasSecret)) }
      : {}),
  };
}

function shownValue(
  source: string,
  value: Json | undefined,
  shown: ReadonlyMap<string, Json>,
  hasSecret: boolean,
): Json | undefined {
  const name = source.replace(/^\{\{|\}\}$/g, '');
  if (name.startsWith('parameters.')) return shown.get(name);
  const isPlain = typeof value === 'string' && /^(-?[\d.]+(e[-+]?\d+)?|True|False|None)$/.test(value);
  return name.startsWith('collector.') || (isPlain && !hasSecret) ? value : undefined;
}
