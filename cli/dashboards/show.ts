import { setTimeout as sleep } from 'node:timers/promises';
import { OpsbroError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { formatSeconds } from '../quantities.ts';
import { styles } from '../screen/canvas.ts';
import { LiveScreen, terminalOf } from '../screen/live-screen.ts';
import { drawDashboard } from './draw.ts';
import type { DashboardReader, Picture } from './reader.ts';
import type { Shown } from './reading.ts';
import { plainText } from './text.ts';

/** How often it is looked, and after how many looks it ends; 0 for never. */
export interface Pace {
  intervalMs: number;
  looks: number;
}

const signalNumbers = { SIGTERM: 15, SIGHUP: 1 } as const;

/** Shows a dashboard: on a terminal live, until ctrl-c or for `looks`; elsewhere as text or JSON, once unless more looks are asked for. */
export async function showDashboard(cli: CliContext, reader: DashboardReader, pace: Pace): Promise<void> {
  const terminal = terminalOf(cli.process, cli.paint.enabled);
  if (terminal === null || cli.options().json) return printDashboard(cli, reader, pace);
  // What is wrong from the beginning is said on the usual screen.
  let picture = await reader.read();
  const screen = new LiveScreen(terminal);
  const rhythm = `every ${formatSeconds(pace.intervalMs / 1000)}, q ends`;
  const end = await screen.run(async () => {
    for (let seen = 1, failure = ''; ; seen += 1) {
      const { dashboard, readings } = picture;
      const footer =
        failure === ''
          ? { text: `${dashboard.title}  ${clock(new Date())}  ${rhythm}`, style: styles.dim }
          : { text: failure, style: styles.red };
      screen.show((canvas) => drawDashboard(canvas, dashboard, readings, footer));
      if (seen === pace.looks || !(await pause(pace.intervalMs, screen.stopped))) return;
      try {
        picture = await reader.read();
        failure = '';
      } catch (error) {
        // The last picture stays, with the reason why it is old.
        failure = (error as Error).message;
      }
    }
  });
  // Who asked for so many looks has not ended it, and may want to read the last one.
  if (!screen.stopped.aborted) cli.print(screen.picture().join('\n'));
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
    const picture = await reader.read();
    const view = viewOf(picture, new Date());
    if (cli.options().json) cli.print(looks === 1 ? JSON.stringify(view, null, 2) : JSON.stringify(view));
    else cli.print(plainText(picture.dashboard, picture.readings));
    if (seen === looks || !(await pause(pace.intervalMs, lost))) return;
  }
}

/** A dashboard with --json. */
function viewOf({ dashboard, readings }: Picture, at: Date): object {
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
