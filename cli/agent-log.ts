import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlClient } from '../control/client.ts';
import type { LogEvent, LogsView } from '../control/log-shapes.ts';
import type { PluginView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import { nearest } from '../language/nearest.ts';
import type { CliContext } from './context.ts';
import { plain } from './table.ts';

const pollMs = 500;
const paints = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' } as const;

/** Prints what `followLog` can follow: `agent`, the kinds of plugins, the plugins. */
export async function listParts(cli: CliContext): Promise<void> {
  const parts = await partsOf(await cli.agent());
  cli.show(parts, () => parts.join('\n'));
}

/**
 * Prints the last events of the running agent's log and then each new one, until SIGINT. With a part only its own, debug events among
 * them while it is followed. One JSON document a line with --json.
 */
export async function followLog(cli: CliContext, part: string | undefined): Promise<void> {
  const client = await cli.agent();
  if (part !== undefined) await requirePart(client, part);
  const stop = new AbortController();
  cli.process.outputLost?.addEventListener('abort', () => stop.abort());
  const interrupted = once(process, 'SIGINT', { signal: stop.signal }).then(
    () => stop.abort(),
    () => undefined,
  );
  const query = part === undefined ? '' : `part=${encodeURIComponent(part)}&`;
  try {
    for (let after = ''; !stop.signal.aborted; ) {
      const view = await client.request<LogsView>('GET', `/api/v1/logs?${query}${after}`);
      if (view.lost > 0) cli.note(`${view.lost} events were overwritten before they could be shown`);
      for (const event of view.events) cli.print(eventText(cli, event));
      after = `after=${view.next}`;
      await sleep(pollMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    stop.abort();
    await interrupted;
  }
}

async function partsOf(client: ControlClient): Promise<string[]> {
  const plugins = await client.request<PluginView[]>('GET', '/api/v1/plugins');
  const ids = plugins.map(({ id }) => id).sort();
  return ['agent', ...new Set(ids.map((id) => id.split('/')[0] as string)), ...ids];
}

async function requirePart(client: ControlClient, part: string): Promise<void> {
  const parts = await partsOf(client);
  if (parts.includes(part)) return;
  const meant = nearest(part, parts) ?? parts.find((one) => one.endsWith(`/${part}`));
  const advice = meant === undefined ? "'opsbro agent log list' shows all" : `did you mean '${meant}'?`;
  throw new OpsbroError('OPSBRO_API_NOT_FOUND', `the log has no part '${part}'; ${advice}`);
}

function eventText(cli: CliContext, event: LogEvent): string {
  if (cli.options().json) return JSON.stringify(event);
  const { at, level, part, message, fields } = event;
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  const paint = paints[level as keyof typeof paints] ?? 'dim';
  return `${cli.paint.dim(at)} ${cli.paint[paint](level.padEnd(5))} ${plain(`${part}: ${message}${rest.join('')}`)}`;
}
