import type { Command } from 'commander';
import type { JsonObject } from 'opsbro/sdk';
import type { ControlClient } from '../control/client.ts';
import type { ConfigStatusView, HandlerTestView, HandlerView } from '../control/shapes.ts';
import type { CliContext } from './context.ts';
import { objectPath, orSuggest } from './live-names.ts';
import { registerOutbox } from './outbox.ts';
import { diagnosticText } from './place-text.ts';
import { formatAge, formatMs, formatSeconds } from './quantities.ts';
import { plain } from './table.ts';
import { valueLines } from './value-lines.ts';

/** What a test may take beyond the handler's own timeout: it may wait for a free thread. */
const spareMs = 10_000;

/** Adds `opsbro handlers`: who is told, and whether that works. */
export function registerHandlers(program: Command, cli: CliContext): void {
  const noun = program.command('handlers').description('who is told, and whether that works');
  noun
    .command('list')
    .description('every handler: what it is told of, what waits for it, and how it fares')
    .action(() => listHandlers(cli));
  noun
    .command('show <name>')
    .description('one handler: how it is told, its counts and its canary')
    .action((name: string) => showHandler(cli, name));
  noun
    .command('test <name>')
    .description('tell it of a marked test now, and show the exchange; exit 1 when it fails')
    .option('--check <name>', 'a test about this check, as it is now')
    .action((name: string, options: { check?: string }) => testHandler(cli, name, options.check));
  registerOutbox(noun, cli);
}

async function listHandlers(cli: CliContext): Promise<void> {
  const client = await cli.agent();
  const handlers = await client.request<HandlerView[]>('GET', '/api/v1/handlers');
  const faults = await templateFaults(cli, client);
  const now = Date.now();
  const number = (value: number): string => (value === 0 ? '-' : String(value));
  const red = (text: string): string => (text === '-' ? text : cli.paint.red(text));
  cli.show(handlers, () =>
    handlers.length === 0
      ? cli.paint.dim('no handlers; plugins/handlers/README.md tells how to set one up')
      : [
          cli.table(
            [
              { title: 'NAME', text: (one) => one.name },
              { title: 'TYPE', text: (one) => one.type },
              { title: 'STATE', text: stateOf, paint: (text, one) => paintHandler(cli, one, text) },
              { title: 'SEVERITIES', text: (one) => one.severities.join(' ') },
              { title: 'WAITING', text: (one) => number(one.waiting), align: 'right' },
              { title: 'DEAD', text: (one) => number(one.dead), align: 'right', paint: red },
              { title: 'FAILED', text: (one) => number(one.failures_in_row), align: 'right', paint: red },
              { title: 'CANARY', text: (one) => canaryText(one, now) },
              { title: 'LAST', text: (one) => lastText(one, now) },
            ],
            handlers,
          ),
          ...faults,
        ].join('\n'),
  );
}

/** What the last load found wrong with templates, a line each. The list does not depend on the answer, so none is as good. */
async function templateFaults(cli: CliContext, client: ControlClient): Promise<string[]> {
  const status = await client.request<ConfigStatusView>('GET', '/api/v1/config/status').catch(() => null);
  return (status?.diagnostics ?? [])
    .filter(({ code }) => code === 'OPSBRO_HOST_TEMPLATE')
    .map((diagnostic) => diagnosticText(cli, diagnostic));
}

/** What matters most of a handler, in one word. */
function stateOf({ enabled, in_group, failures_in_row, canary }: HandlerView): string {
  if (!enabled) return 'disabled';
  if (!in_group) return 'not here';
  return failures_in_row > 0 || canary?.overdue === true ? 'failing' : 'enabled';
}

function paintHandler(cli: CliContext, handler: HandlerView, text: string): string {
  const state = stateOf(handler);
  if (state === 'failing') return cli.paint.red(text);
  return state === 'enabled' ? cli.paint.green(text) : cli.paint.dim(text);
}

function lastText({ last }: HandlerView, now: number): string {
  if (last === null) return '-';
  const what = `${last.outcome.replace('-', ' ')} ${formatAge(last.at, now)}`;
  return last.reason === '' ? what : `${what}: ${last.reason}`;
}

function canaryText({ canary }: HandlerView, now: number): string {
  if (canary === null) return '-';
  if (canary.delivered_at === null) return canary.overdue ? 'never arrived' : 'on its way';
  return `${canary.overdue ? 'missing since ' : ''}${formatAge(canary.delivered_at, now)}`;
}

async function showHandler(cli: CliContext, name: string): Promise<void> {
  const handler = await fetchHandler(cli, name);
  cli.show(handler, () => handlerText(cli, handler, Date.now()));
}

async function fetchHandler(cli: CliContext, name: string): Promise<HandlerView> {
  const client = await cli.agent();
  return orSuggest(client, 'handlers', name, () =>
    client.request<HandlerView>('GET', objectPath('handlers', name)),
  );
}

function handlerText(cli: CliContext, handler: HandlerView, now: number): string {
  const { paint } = cli;
  const { canary, group_by: groupBy, repeat_interval: repeat } = handler;
  const counts = `${handler.delivered} delivered, ${handler.failed} failed (${handler.failures_in_row} in a row)`;
  const facts: [string, string][] = [
    ['severities', handler.severities.join(', ')],
    ['if group', handler.if_group ?? 'everywhere'],
    ['grouped by', groupBy.join(', ') || '-'],
    ['repeated', repeat === null ? 'never' : `every ${formatSeconds(repeat)}`],
    ['timeout', formatSeconds(handler.timeout)],
    ['outbox', `${handler.waiting} waiting, ${handler.dead} dead`],
    ['tries', counts],
    ['last', lastText(handler, now)],
    [
      'canary',
      canary === null
        ? '-'
        : `every ${formatSeconds(canary.interval)}, ${canary.delivered} arrived, the last ${canaryText(handler, now)}`,
    ],
  ];
  return [
    `${paint.bold(handler.id)}  ${paintHandler(cli, handler, stateOf(handler))}  ${paint.dim(`type ${plain(handler.type)}`)}`,
    ...facts.map(([key, value]) => `${paint.dim(`${key}:`.padEnd(12))}${plain(value)}`),
  ].join('\n');
}

async function testHandler(cli: CliContext, name: string, check: string | undefined): Promise<void> {
  const { timeout } = await fetchHandler(cli, name);
  const client = await cli.agent();
  const body: JsonObject = check === undefined ? {} : { check };
  const send = (): Promise<HandlerTestView> =>
    client.request<HandlerTestView>('POST', objectPath('handlers', name, 'test'), body, {
      // What is on its way to the handler ends first.
      timeoutMs: 2 * timeout * 1000 + spareMs,
    });
  const tested = check === undefined ? await send() : await orSuggest(client, 'checks', check, send);
  cli.exitCode = tested.ok ? 0 : 1;
  cli.show(tested, () => testText(cli, tested));
}

function testText(cli: CliContext, tested: HandlerTestView): string {
  const { paint } = cli;
  const lines = [
    `${paint.bold(plain(tested.handler))}  ${paint.dim(`type ${plain(tested.type)}`)}`,
    paint.dim('sent:'),
    ...valueLines(tested.event, '  event'),
  ];
  if (!tested.enabled) lines.push(paint.yellow('it is not enabled: only tests reach it'));
  else if (!tested.in_group) lines.push(paint.yellow('its if_group does not hold here: only tests reach it'));
  if (tested.log.length > 0) lines.push(paint.dim('exchange:'));
  for (const { level, message, fields } of tested.log)
    lines.push(
      `  ${paint.dim(level)} ${plain(message)}`,
      ...(Object.keys(fields).length === 0 ? [] : valueLines(fields, '    with')),
    );
  const took = paint.dim(`(${formatMs(tested.duration_ms)})`);
  if (tested.ok) return [...lines, `${paint.green('OK: delivered')} ${took}`].join('\n');
  const code = tested.code === null ? '' : ` ${tested.code}:`;
  const again = tested.retry_after === null ? '' : `; it asks to wait ${formatSeconds(tested.retry_after)}`;
  const final = tested.permanent ? '; another try is no use until something is changed' : '';
  lines.push(`${paint.red('FAILED:')}${code} ${plain(tested.message)}${again}${final} ${took}`);
  return lines.join('\n');
}
