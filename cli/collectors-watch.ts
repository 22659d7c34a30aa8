import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from 'opsbro/sdk';
import type { CollectorView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { objectPath, orSuggest } from './live-names.ts';
import { formatSeconds } from './quantities.ts';
import { type Canvas, styles } from './screen/canvas.ts';
import { LiveScreen, terminalOf } from './screen/live-screen.ts';
import { leaves, valueText } from './value-lines.ts';

const pollMs = 500;
const signalNumbers = { SIGTERM: 15, SIGHUP: 1 } as const;

/**
 * Shows the values of a collector after each of its runs until it is interrupted or for `count` runs: live on a terminal, else the values that
 * changed, or one JSON document a line with --json.
 */
export async function watchCollector(
  cli: CliContext,
  name: string,
  count: string | undefined,
): Promise<void> {
  const wanted = count === undefined ? Number.POSITIVE_INFINITY : Number(count);
  if (!(wanted >= 1)) throw new OpsbroError('OPSBRO_CLI_USAGE', `--count '${count}' is no positive number`);
  const terminal = cli.options().json ? null : terminalOf(cli.process, cli.paint.enabled);
  const first = await look(cli, name);
  if (terminal === null) return follow(cli, name, first, wanted, interruption(cli), print);
  const screen = new LiveScreen(terminal);
  const end = await screen.run(() =>
    follow(cli, name, first, wanted, screen.stopped, (_, view, before) =>
      screen.show((canvas) => draw(canvas, view, before)),
    ),
  );
  if (end !== 'done') cli.exitCode = 128 + signalNumbers[end];
}

/** Aborts at SIGINT, and when nobody reads any more. */
function interruption(cli: CliContext): AbortSignal {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  cli.process.outputLost?.addEventListener('abort', () => stop.abort());
  return stop.signal;
}

async function look(cli: CliContext, name: string): Promise<CollectorView> {
  const client = await cli.agent();
  return orSuggest(client, 'collectors', name, () =>
    client.request<CollectorView>('GET', objectPath('collectors', name)),
  );
}

/** Calls `show` for the first view and for that of each later run. */
async function follow(
  cli: CliContext,
  name: string,
  first: CollectorView,
  wanted: number,
  stopped: AbortSignal,
  show: (cli: CliContext, view: CollectorView, before: CollectorView | undefined) => void,
): Promise<void> {
  let last: CollectorView | undefined;
  for (let view = first, seen = 0; ; view = await look(cli, name)) {
    if (view.last_run !== last?.last_run || last === undefined) {
      show(cli, view, last);
      last = view;
      seen += 1;
    }
    if (seen >= wanted) return;
    await sleep(pollMs, undefined, { signal: stopped }).catch(() => undefined);
    if (stopped.aborted) return;
  }
}

function print(cli: CliContext, view: CollectorView, before: CollectorView | undefined): void {
  if (cli.options().json) {
    cli.print(JSON.stringify({ at: view.last_run, state: view.state, results: view.results ?? {} }));
    return;
  }
  const old = texts(before);
  for (const [path, text] of texts(view))
    if (old.get(path) !== text) cli.print(`${view.last_run} ${path} = ${text}`);
}

/** A head, the values, those that changed in yellow, and what does not fit counted. */
function draw(canvas: Canvas, view: CollectorView, before: CollectorView | undefined): void {
  const old = texts(before);
  const now = [...texts(view)];
  const used = canvas.put(0, 0, view.name, styles.bold);
  const rhythm = `every ${formatSeconds(view.interval)}, last ${view.last_run ?? 'never'}; q ends`;
  const state = canvas.put(used + 1, 0, view.state, view.state === 'ok' ? styles.green : styles.yellow);
  canvas.put(used + state + 2, 0, rhythm, styles.dim);
  const room = Math.max(1, canvas.height - (view.log ? 3 : 2));
  const shown = now.length > room ? now.slice(0, room - 1) : now;
  shown.forEach(([path, text], index) => {
    const isNew = before !== undefined && old.get(path) !== text;
    canvas.put(0, index + 1, `${path} = ${text}`, isNew ? styles.yellow : styles.none);
  });
  if (shown.length < now.length)
    canvas.put(0, shown.length + 1, `… ${now.length - shown.length} more`, styles.dim);
  if (view.log) canvas.put(0, canvas.height - 1, view.log, styles.red);
}

function texts(view: CollectorView | undefined): Map<string, string> {
  const tree: Json = view?.results ?? {};
  const all = view?.results === undefined ? [] : leaves(tree, `collector.${view.name}`);
  return new Map(all.map(({ path, value }) => [path, valueText(value)]));
}
