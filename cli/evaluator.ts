import type { Command } from 'commander';
import type { Json } from 'opsbro/sdk';
import type { ControlClient } from '../control/client.ts';
import type { EvaluationView, FunctionView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { parseSeconds } from './quantities.ts';
import { hangText, plain } from './table.ts';
import { withAgent } from './temporary-agent.ts';
import { valueText } from './value-lines.ts';
import { waitUntil } from './wait.ts';

const evaluationTimeoutMs = 60_000;
const asText = 'as an expression of this check: with the parameters of its pack and its own keys';

interface EvaluationOptions {
  explain?: boolean;
  language?: string;
  as?: string;
}

/** Adds `opsbro evaluator`: try expressions on the agent's own values. */
export function registerEvaluator(program: Command, cli: CliContext): void {
  const noun = program.command('evaluator').description('try expressions and list their functions');
  noun
    .command('list')
    .description('the functions of expressions')
    .option('--details', 'also prototypes and what they do')
    .action((options: { details: boolean }) => listFunctions(cli, options.details));
  noun
    .command('eval <expression>')
    .description('evaluate an expression, e.g. "{{collector.memory.phys_used}} > 90"; it may begin with -')
    .option('--explain', 'also print the tree with the value of each node')
    .option('--language <name>', 'opsbro or javascript')
    .option('--as <check>', asText)
    .action((expression: string, options: EvaluationOptions) => evaluate(cli, expression, options));
  noun
    .command('wait-eval-true <expression>')
    .description('wait until an expression is true; exit 1 when the time is up')
    .option('--language <name>', 'opsbro or javascript')
    .option('--as <check>', asText)
    .option('--timeout <duration>', 'how long to wait: seconds, or 500ms, 10s, 5m, 1h', '30')
    .action((expression: string, options: EvaluationOptions & { timeout: string }) =>
      waitTrue(cli, expression, options),
    );
}

async function listFunctions(cli: CliContext, details: boolean): Promise<void> {
  const functions = await withAgent(cli, (client) =>
    client.request<FunctionView[]>('GET', '/api/v1/evaluator/functions'),
  );
  cli.show(functions, () => {
    const groups = [...new Set(functions.map((one) => one.group))].sort();
    return groups
      .map((group) =>
        groupText(
          cli,
          group,
          functions.filter((one) => one.group === group),
          details,
        ),
      )
      .join('\n');
  });
}

function groupText(cli: CliContext, group: string, functions: FunctionView[], details: boolean): string {
  const { paint } = cli;
  const lines = functions.map((one) => {
    if (!details) return hangText(`  ${one.name}  `, plain(one.summary), cli.width, paint.dim);
    const notes = [
      ...(one.aliases.length > 0 ? [`also ${one.aliases.join(', ')}`] : []),
      ...(one.touches_host ? ['touches the host'] : []),
    ];
    return [
      `  ${paint.bold(one.prototype || `${one.name}()`)}`,
      hangText('      ', plain(one.summary), cli.width, String),
      ...(notes.length > 0 ? [paint.dim(`      (${notes.join('; ')})`)] : []),
    ].join('\n');
  });
  return [paint.cyan(group), ...lines].join('\n');
}

function ask(
  client: ControlClient,
  expression: string,
  options: EvaluationOptions,
  explain: boolean,
): Promise<EvaluationView> {
  const body: { [key: string]: Json } = { expression, explain };
  if (options.language !== undefined) body.language = options.language;
  if (options.as !== undefined) body.as = options.as;
  return client.request<EvaluationView>('POST', '/api/v1/evaluator/eval', body, {
    timeoutMs: evaluationTimeoutMs,
  });
}

async function evaluate(cli: CliContext, expression: string, options: EvaluationOptions): Promise<void> {
  checkLanguage(options.language);
  const view = await withAgent(cli, (client) => ask(client, expression, options, options.explain === true));
  cli.show(view, () => {
    const tree = view.tree === undefined || view.tree === null ? [] : treeLines(cli, view.tree, 0);
    return [...tree, ...(view.ok ? [view.text] : [])].join('\n');
  });
  if (view.missing.length > 0) cli.note(missingText(view.missing, options.as));
  if (!view.ok) refuse(view);
}

function missingText(missing: string[], as: string | undefined): string {
  const isOfPack = as === undefined && missing.some((key) => key.startsWith('parameters.'));
  return `missing: ${missing.join(', ')}${isOfPack ? "; '--as CHECK' sees the parameters of its pack" : ''}`;
}

/** An expression that is wrong is a wrong argument: exit 2, as OpsBro always had it. */
function refuse(view: EvaluationView): never {
  throw new OpsbroError('OPSBRO_CLI_USAGE', view.error?.message ?? 'the expression has no value');
}

function checkLanguage(language: string | undefined): void {
  if (language === undefined || language === 'opsbro' || language === 'javascript') return;
  throw new OpsbroError('OPSBRO_CLI_USAGE', `--language '${language}' is neither opsbro nor javascript`);
}

async function waitTrue(
  cli: CliContext,
  expression: string,
  options: EvaluationOptions & { timeout: string },
): Promise<void> {
  checkLanguage(options.language);
  const seconds = parseSeconds(options.timeout, '--timeout');
  const view = await withAgent(cli, (client) =>
    waitUntil('the expression is true', seconds, async () => {
      const seen = await ask(client, expression, options, false);
      if (!seen.ok && isWrong(seen)) refuse(seen);
      if (seen.ok && isTrue(seen)) return { done: true, value: seen };
      return {
        done: false,
        why: seen.ok ? `it is ${seen.text}` : (seen.error?.message ?? 'it has no value'),
      };
    }),
  );
  cli.show(view, () => view.text);
}

/** What no waiting can mend. */
function isWrong(view: EvaluationView): boolean {
  return /^OPSBRO_(EXPRESSION_(SYNTAX|UNSUPPORTED|UNKNOWN_)|API_(NOT_FOUND|INVALID))/.test(
    view.error?.code ?? '',
  );
}

/** Python's truth of a value, as conditions of checks have it. */
function isTrue(view: EvaluationView): boolean {
  const { value } = view;
  if (view.missing.length > 0 && value === null) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value !== null && typeof value === 'object') return Object.keys(value).length > 0;
  return Boolean(value);
}

interface TreeNode {
  node?: unknown;
  source?: unknown;
  value?: unknown;
  children?: unknown;
}

/** The nodes of an expression, each with its value, indented by `depth`. */
export function treeLines(cli: CliContext, tree: Json, depth: number): string[] {
  if (tree === null || typeof tree !== 'object' || Array.isArray(tree)) return [];
  const node = tree as TreeNode;
  const source = typeof node.source === 'string' ? node.source : String(node.node ?? '?');
  const value =
    node.value === undefined ? '' : ` ${cli.paint.dim('→')} ${cli.paint.cyan(valueText(node.value as Json))}`;
  const children = Array.isArray(node.children) ? (node.children as Json[]) : [];
  return [
    `${'  '.repeat(depth)}${plain(source)}${value}`,
    ...children.flatMap((child) => treeLines(cli, child, depth + 1)),
  ];
}
