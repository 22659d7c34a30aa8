import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from 'opsbro/sdk';
import type { CollectorView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { objectPath, orSuggest } from './live-names.ts';
import { paintState } from './paint.ts';
import { formatSeconds } from './quantities.ts';
import { leaves, valueText } from './value-lines.ts';

const pollMs = 500;

/**
 * Prints the values of a collector after each of its runs until SIGINT or `count` runs: a screen that redraws on a terminal, else the
 * values that changed, or one JSON document a line with --json.
 */
export async function watchCollector(
  cli: CliContext,
  name: string,
  count: string | undefined,
): Promise<void> {
  const wanted = count === undefined ? Number.POSITIVE_INFINITY : Number(count);
  if (!(wanted >= 1)) throw new OpsbroError('OPSBRO_CLI_USAGE', `--count '${count}' is no positive number`);
  const client = await cli.agent();
  const stop = new AbortController();
  cli.process.outputLost?.addEventListener('abort', () => stop.abort());
  const interrupted = once(process, 'SIGINT', { signal: stop.signal }).then(
    () => stop.abort(),
    () => undefined,
  );
  let last: CollectorView | undefined;
  try {
    for (let seen = 0; seen < wanted && !stop.signal.aborted; ) {
      const view = await orSuggest(client, 'collectors', name, () =>
        client.request<CollectorView>('GET', objectPath('collectors', name)),
      );
      if (view.last_run !== last?.last_run || last === undefined) {
        draw(cli, view, last);
        last = view;
        seen += 1;
        if (seen === wanted) break;
      }
      await sleep(pollMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    stop.abort();
    await interrupted;
  }
}

function draw(cli: CliContext, view: CollectorView, before: CollectorView | undefined): void {
  if (cli.options().json) {
    cli.print(JSON.stringify({ at: view.last_run, state: view.state, results: view.results ?? {} }));
    return;
  }
  const old = new Map(tree(before).map(({ path, value }) => [path, valueText(value)]));
  const now = tree(view).map(({ path, value }) => ({ path, text: valueText(value) }));
  if (!cli.process.stdout.isTTY) {
    for (const { path, text } of now)
      if (old.get(path) !== text) cli.print(`${view.last_run} ${path} = ${text}`);
    return;
  }
  const { paint } = cli;
  const head = `${paint.bold(view.name)} ${paintState(paint, view.state)} ${paint.dim(
    `every ${formatSeconds(view.interval)}, last ${view.last_run ?? 'never'}; ctrl-c ends`,
  )}`;
  const rows = (cli.process.stdout as { rows?: number }).rows ?? 24;
  const room = Math.max(1, rows - 3);
  const body = now.slice(0, room).map(({ path, text }) => {
    const line = `${path} = ${text}`.slice(0, cli.process.stdout.columns ?? 80);
    return before !== undefined && old.get(path) !== text ? paint.yellow(line) : line;
  });
  const more = now.length > room ? [paint.dim(`… ${now.length - room} more`)] : [];
  cli.print(
    `\u001b[H\u001b[2J${[head, ...body, ...more, ...(view.log ? [paint.red(view.log)] : [])].join('\n')}`,
  );
}

function tree(view: CollectorView | undefined): { path: string; value: Json }[] {
  return view?.results === undefined ? [] : leaves(view.results, `collector.${view.name}`);
}
