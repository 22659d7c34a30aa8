import type { Json } from 'opsbro/sdk';
import type { CheckExplanationView, DeliveryState, HandlerExplanation, StepView } from '../control/shapes.ts';
import { checkMarks, paintCheck } from './check-marks.ts';
import type { CliContext } from './context.ts';
import { treeLines } from './evaluator.ts';
import type { ConditionView } from './explain.ts';
import { paintState } from './paint.ts';
import { formatAge, formatSeconds } from './quantities.ts';
import { plain } from './table.ts';
import { valueText } from './value-lines.ts';

type View = CheckExplanationView;
/** Lines of a check's long output that are shown. */
const longLines = 10;

/** Lines below one title; a section without lines is left out. */
type Section = [title: string, lines: string[]];

const outcomes: { [outcome in HandlerExplanation['outcome']]: string } = {
  told: 'told',
  waits: 'waits',
  held: 'held back',
  'not-wanted': 'not wanted',
  'up-to-date': 'nothing to tell',
};

/** The screen of `explain check`. */
export function explanationText(
  cli: CliContext,
  view: View,
  conditions: ConditionView[],
  now: number,
): string {
  const moment = view.past ? Date.parse(view.at) : now;
  const sections: Section[] = [
    ['judged by', judgedLines(cli, view, conditions)],
    ['read', valueLines(cli, view.seen)],
    ['depends on', parentLines(cli, view, moment)],
    [
      view.supposed === null ? 'held back by' : 'would be held back by',
      view.holds.map(({ text }) => plain(text)),
    ],
    ['steps', stepLines(cli, view)],
    [
      view.supposed === null ? 'handlers' : `handlers, if it were hard ${view.supposed} now`,
      view.handlers.flatMap((one) => handlerLines(cli, one, moment)),
    ],
  ];
  return [
    ...(view.past ? pastLines(cli, view, moment) : presentLines(cli, view, now)),
    ...sections.flatMap(([title, lines]) =>
      lines.length === 0 ? [] : ['', cli.paint.bold(title), ...lines.map((line) => `  ${line}`)],
    ),
  ].join('\n');
}

function presentLines(cli: CliContext, { check, written }: View, now: number): string[] {
  const { paint } = cli;
  const since = check.since === null ? '' : ` since ${check.since} (${formatAge(check.since, now)})`;
  const word = paintCheck(paint, check, `${check.state.toUpperCase()}${checkMarks(check)}`);
  const facts = [
    check.active ? '' : `does not run here: ${plain(check.inactive_because)}`,
    check.state === check.hard_state || check.hard ? '' : `hard state: ${check.hard_state}`,
    check.last_run === null
      ? 'never ran'
      : `last run ${formatAge(check.last_run, now)}, every ${formatSeconds(check.interval)}`,
    check.flapping ? `flapping: ${check.flapping_percent} % changes of state` : '',
    check.notes === '' ? '' : `notes: ${plain(check.notes)}`,
    ...written.flatMap(({ key, value }) =>
      key === 'runbook' ? [`runbook: ${plain(valueText(value))}`] : [],
    ),
  ];
  return [
    `${word} ${paint.bold(plain(check.display_name))} ${paint.dim(check.id)}${since}`,
    ...outputLines(check.output),
    ...outputLines(check.long_output).slice(0, longLines).map(paint.dim),
    ...facts.filter((fact) => fact !== '').map((fact) => `  ${paint.dim(fact)}`),
  ];
}

function outputLines(output: string): string[] {
  return output.split('\n').flatMap((line) => (line.trim() === '' ? [] : [`  ${plain(line)}`]));
}

function pastLines(cli: CliContext, view: View, moment: number): string[] {
  const { check, last_step: step, known_since: known, at } = view;
  const title = `${cli.paint.bold(plain(check.display_name))} ${cli.paint.dim(check.id)} at ${at}`;
  const reach = known === null ? 'nothing is recorded yet' : `the records begin at ${known}`;
  if (step === null) return [`${title}: nothing is known`, `  ${cli.paint.dim(reach)}`];
  const soft = step.hard || step.state === 'pending' ? '' : ` (soft, attempt ${step.attempt})`;
  const word = paintState(cli.paint, step.state, `${step.state.toUpperCase()}${soft}`);
  const stale = step.stale ? ', stale' : '';
  return [
    `${word} ${title}`,
    ...outputLines(step.output),
    `  ${cli.paint.dim(`since its step ${formatAge(step.at, moment)} (${step.at})${stale}; ${reach}`)}`,
  ];
}

function judgedLines(cli: CliContext, { written, past }: View, conditions: ConditionView[]): string[] {
  const deciding = written.filter(({ key }) => key !== 'runbook');
  const lines = deciding.flatMap(({ key, value }) => {
    if (key === 'variables') return keyLines(cli, key, value);
    const condition = conditions.find((one) => one.key === key);
    const text = `${cli.paint.dim(`${plain(key)}:`)} ${plain(valueText(value))}`;
    if (condition === undefined) return [text];
    const { ok, missing, error, tree } = condition;
    const result = ok ? condition.text : (error?.message ?? 'no value');
    const absent = missing.length === 0 ? '' : ` (missing: ${missing.join(', ')})`;
    const parts = partsOf(tree).flatMap((part) => treeLines(cli, part, 1));
    return [`${text} ${cli.paint.dim('→')} ${cli.paint.cyan(plain(result + absent))}`, ...parts];
  });
  return past && lines.length > 0 ? [cli.paint.dim('(as the configuration is now)'), ...lines] : lines;
}

/** A line for each entry of a mapping. */
function keyLines(cli: CliContext, key: string, value: Json): string[] {
  const entries = Object.entries((value ?? {}) as { [name: string]: Json });
  return entries.map(
    ([name, text]) => `${cli.paint.dim(`${plain(key)}.${plain(name)}:`)} ${plain(valueText(text))}`,
  );
}

/** Its root is the expression itself. */
function partsOf(tree: Json): Json[] {
  const { children } = (tree ?? {}) as { children?: Json };
  return Array.isArray(children) ? children : [];
}

function valueLines(cli: CliContext, seen: StepView['seen']): string[] {
  return seen.map(({ key, value, age }) => {
    const shown = age === null ? cli.paint.dim('missing') : cli.paint.cyan(plain(valueText(value)));
    return `${plain(key)} = ${shown}${age === null ? '' : cli.paint.dim(` ${ageText(age)}`)}`;
  });
}

function ageText(seconds: number): string {
  return `(${formatSeconds(seconds)} old)`;
}

function parentLines(cli: CliContext, { dependencies }: View, moment: number): string[] {
  return dependencies.map(({ id, state, hard, since }) => {
    const word = paintState(cli.paint, state, `${state}${hard ? '' : ' (soft)'}`);
    return `${plain(id)}: ${word}${since === null ? '' : cli.paint.dim(` since ${since}, ${formatAge(since, moment)}`)}`;
  });
}

function stepLines(cli: CliContext, { steps, last_step: last }: View): string[] {
  const shown = steps.length > 0 || last === null ? steps : [last];
  return shown.flatMap((step) => {
    const sure = step.hard ? 'hard' : `soft ${step.attempt}`;
    const why = `${step.cause}, ${sure}${step.stale ? ', stale' : ''}`;
    const old = paintState(cli.paint, step.old_state);
    const change = `${old} → ${paintState(cli.paint, step.state)} (${why})`;
    const seen = valueLines(cli, step.seen).map((line) => `  ${line}`);
    return [`${cli.paint.dim(step.at)} ${change}: ${plain(step.output)}`, ...seen];
  });
}

function handlerLines(cli: CliContext, one: HandlerExplanation, moment: number): string[] {
  const { paint } = cli;
  // A hold says itself until when it holds.
  const until = one.until === null || one.reason.includes(one.until) ? '' : `, until ${one.until}`;
  const decided = one.decided_at === null ? '' : paint.dim(` (decided ${formatAge(one.decided_at, moment)})`);
  const group = one.group === '' ? '' : paint.dim(` [group ${plain(one.group)}]`);
  const head = `${paint.bold(plain(one.name))}: ${outcomes[one.outcome]}: ${plain(one.reason)}${until}${group}${decided}`;
  if (one.told === null) return [head];
  const { at, key, state, repeats } = one.told;
  const again = repeats === 0 ? '' : `, ${repeats} reminders`;
  const told = `told ${paintState(paint, state)} ${formatAge(at, moment)} (${at})${again}${key === null ? '' : `, key ${plain(key)}`}`;
  const reached = deliveryLines(cli, one.delivery, moment);
  // That it was delivered stands above already.
  const tries = one.deliveries.flatMap((attempt) => {
    if (attempt.outcome === 'delivered' && one.delivery?.state === 'delivered') return [];
    const why = attempt.message === '' ? '' : `: ${plain(`${attempt.code} ${attempt.message}`.trim())}`;
    return `    ${paintState(paint, attempt.outcome === 'delivered' ? 'ok' : 'failed', attempt.outcome)} ${attempt.at}${why}`;
  });
  return [head, `  ${told}`, ...reached, ...tries];
}

function deliveryLines({ paint }: CliContext, delivery: DeliveryState | null, moment: number): string[] {
  if (delivery === null) return [];
  const { state, at, serial, attempts, next_at: next, last_error: error } = delivery;
  const when = at === null ? '' : ` ${formatAge(at, moment)} (${at})`;
  const failed = attempts === 0 ? '' : `, ${attempts} failed ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const why = error === '' || state === 'delivered' ? '' : `, last error: ${plain(error)}`;
  const again = next === null ? '' : `, next attempt not before ${next}`;
  const place = serial === null ? '' : ` the outbox as serial ${serial}`;
  const what: { [state in DeliveryState['state']]: string } = {
    delivered: `delivered${when}`,
    waiting: `not delivered: waits in${place}`,
    delivering: `not delivered yet: on its way, in${place}`,
    tried: 'not delivered by then',
    dead: `not delivered: given up${when}${place === '' ? '' : `, kept in${place}`}`,
  };
  const word = paintState(paint, state === 'delivered' ? 'ok' : 'failed', what[state]);
  return [`    ${word}${failed}${why}${again}`];
}
