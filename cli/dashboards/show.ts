import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlClient } from '../../control/client.ts';
import type { EvaluationView } from '../../control/shapes.ts';
import { OpsbroError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { formatSeconds } from '../quantities.ts';
import { styles } from '../screen/canvas.ts';
import { LiveScreen, terminalOf } from '../screen/live-screen.ts';
import type { Dashboard, Widget } from './content.ts';
import { drawDashboard } from './draw.ts';
import { ChartHistory, type Evaluate, storedHistory } from './history.ts';
import { type Readings, readingOf, type Shown } from './reading.ts';
import { plainText } from './text.ts';

/** How often it is looked, and after how many looks it ends; 0 for never. */
export interface Pace {
  intervalMs: number;
  looks: number;
}

/** Evaluations that run at a time. */
const lanes = 4;
const evaluationTimeoutMs = 30_000;
const signalNumbers = { SIGTERM: 15, SIGHUP: 1 } as const;

/** Looks at what a dashboard shows, again and again. */
export class DashboardReader {
  readonly dashboard: Dashboard;
  readonly #client: ControlClient;
  readonly #stepMs: number;
  readonly #now: () => number;
  readonly #history = new ChartHistory<Widget>();
  #hasBegun = false;

  constructor(client: ControlClient, dashboard: Dashboard, stepMs: number, now: () => number = Date.now) {
    this.dashboard = dashboard;
    this.#client = client;
    this.#stepMs = stepMs;
    this.#now = now;
  }

  /** Reads every widget. Throws when the agent does not answer; an expression that fails is a reading. */
  async read(): Promise<Readings> {
    if (!this.#hasBegun) await this.#begin();
    this.#hasBegun = true;
    const readings = new Map<Widget, Shown>();
    await eachOf(this.dashboard.widgets, async (widget) => {
      const reading = readingOf(widget, await this.#evaluate(widget.value));
      readings.set(widget, { reading, values: [] });
    });
    for (const [widget, shown] of readings)
      if (widget.kind === 'horizontal_chart') shown.values = this.#history.add(widget, shown.reading.number);
    return readings;
  }

  async #begin(): Promise<void> {
    const charts = this.dashboard.widgets.filter(({ kind }) => kind === 'horizontal_chart');
    await eachOf(charts, async (widget) => {
      const values = await storedHistory(
        this.#client,
        this.#evaluate,
        widget.value,
        this.#stepMs,
        this.#now(),
      );
      if (values !== null) this.#history.begin(widget, values);
    });
  }

  readonly #evaluate: Evaluate = (expression) => {
    const body = { expression, as: this.dashboard.id };
    const options = { timeoutMs: evaluationTimeoutMs };
    return this.#client.request<EvaluationView>('POST', '/api/v1/evaluator/eval', body, options);
  };
}

async function eachOf<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const rest = [...items];
  const lane = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Shows a dashboard: on a terminal live, until ctrl-c or for `looks`; elsewhere as text or JSON, once unless more looks are asked for. */
export async function showDashboard(cli: CliContext, reader: DashboardReader, pace: Pace): Promise<void> {
  const terminal = terminalOf(cli.process, cli.paint.enabled);
  if (terminal === null || cli.options().json) return printDashboard(cli, reader, pace);
  // What is wrong from the beginning is said on the usual screen.
  let readings = await reader.read();
  const screen = new LiveScreen(terminal);
  const { dashboard } = reader;
  const rhythm = `every ${formatSeconds(pace.intervalMs / 1000)}, q ends`;
  const end = await screen.run(async () => {
    for (let seen = 1, failure = ''; ; seen += 1) {
      const shown = readings;
      const footer =
        failure === ''
          ? { text: `${dashboard.title}  ${clock(new Date())}  ${rhythm}`, style: styles.dim }
          : { text: failure, style: styles.red };
      screen.show((canvas) => drawDashboard(canvas, dashboard, shown, footer));
      if (seen === pace.looks || !(await pause(pace.intervalMs, screen.stopped))) return;
      try {
        readings = await reader.read();
        failure = '';
      } catch (error) {
        // The last picture stays, with the reason why it is old.
        failure = (error as Error).message;
      }
    }
  });
  if (end !== 'done') cli.exitCode = 128 + signalNumbers[end];
}

function clock(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((one) => String(one).padStart(2, '0'))
    .join(':');
}

/** False once it is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}

async function printDashboard(cli: CliContext, reader: DashboardReader, pace: Pace): Promise<void> {
  const lost = cli.process.outputLost ?? new AbortController().signal;
  const looks = Math.max(1, pace.looks);
  for (let seen = 1; ; seen += 1) {
    const readings = await reader.read();
    const view = viewOf(reader.dashboard, readings, new Date());
    if (cli.options().json) cli.print(looks === 1 ? JSON.stringify(view, null, 2) : JSON.stringify(view));
    else cli.print(plainText(reader.dashboard, readings));
    if (seen === looks || !(await pause(pace.intervalMs, lost))) return;
  }
}

/** A dashboard with --json. */
function viewOf(dashboard: Dashboard, readings: Readings, at: Date): object {
  const { id, pack, name, title, widgets } = dashboard;
  return {
    ...{ id, pack, name, title, at: at.toISOString() },
    widgets: widgets.map((widget) => {
      const { reading, values } = readings.get(widget) as Shown;
      const { value, missing, error } = reading;
      const isChart = widget.kind === 'horizontal_chart';
      return {
        ...{ kind: widget.kind, title: widget.title, unit: widget.unit, value, missing, error },
        ...(isChart && { values }),
      };
    }),
  };
}

/** The pace that options of a command line ask for. */
export function paceOf(occurences: string, intervalMs: number): Pace {
  const looks = Number(occurences);
  if (!Number.isInteger(looks) || looks < 0)
    throw new OpsbroError('OPSBRO_CLI_USAGE', `--occurences '${occurences}' is neither 0 nor a whole number`);
  if (intervalMs < 500) throw new OpsbroError('OPSBRO_CLI_USAGE', '--interval is less than half a second');
  return { intervalMs, looks };
}
