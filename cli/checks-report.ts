import type { Command } from 'commander';
import type { ChecksReportView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { orSuggest } from './live-names.ts';
import { paintState } from './paint.ts';
import { formatSeconds, parseSeconds } from './quantities.ts';

type Row = ChecksReportView['checks'][number];

/** Adds `report`: how the checks fared. */
export function addChecksReport(noun: Command, cli: CliContext): void {
  noun
    .command('report [name]')
    .description('how the checks fared: time in each hard state, problems, mean time to repair')
    .option('--since <duration>', 'how far to look back: 12h, 30d …', '1d')
    .action((name: string | undefined, options: { since: string }) =>
      showReport(cli, name, parseSeconds(options.since, '--since')),
    );
}

async function showReport(cli: CliContext, name: string | undefined, seconds: number): Promise<void> {
  const since = new Date(Math.max(0, Date.now() - seconds * 1000)).toISOString();
  const client = await cli.agent();
  const view = await client.request<ChecksReportView>('GET', `/api/v1/report/checks?since=${since}`);
  const checks = view.checks.filter((one) => name === undefined || one.id === name || one.name === name);
  if (name !== undefined && checks.length === 0) {
    const error = new OpsbroError('OPSBRO_API_NOT_FOUND', `no check '${name}' runs here`);
    await orSuggest(client, 'checks', name, () => Promise.reject(error));
  }
  cli.show({ ...view, checks }, () => reportText(cli, checks));
  if (view.known_since !== null && !cli.options().json)
    cli.note(cli.paint.dim(`the history begins at ${view.known_since}; what was before is not counted`));
}

function reportText(cli: CliContext, checks: Row[]): string {
  if (checks.length === 0) return cli.paint.dim('no checks run here');
  const lasted = (seconds: number): string => (seconds === 0 ? '-' : formatSeconds(seconds));
  const spent = (state: keyof Row['seconds']) => ({
    title: state.toUpperCase(),
    text: (one: Row) => lasted(one.seconds[state]),
    paint: (text: string) => (text === '-' ? cli.paint.dim(text) : paintState(cli.paint, state, text)),
    align: 'right' as const,
  });
  return cli.table(
    [
      { title: 'CHECK', text: (one) => one.id },
      { title: 'IS', text: (one) => one.state, paint: (text) => paintState(cli.paint, text) },
      { title: 'OK %', text: ({ ok_percent }) => percentText(ok_percent), align: 'right' },
      spent('ok'),
      spent('warning'),
      spent('critical'),
      spent('unknown'),
      { title: 'STALE', text: (one) => lasted(one.stale_seconds), align: 'right' },
      { title: 'UNMONITORED', text: (one) => lasted(one.unmonitored_seconds), align: 'right' },
      { title: 'PROBLEMS', text: (one) => String(one.problems), align: 'right' },
      {
        title: 'MTTR',
        text: ({ mttr_seconds }) => (mttr_seconds === null ? '-' : formatSeconds(mttr_seconds)),
        align: 'right',
      },
    ],
    checks,
  );
}

/** Rounded down: what was not always ok is never 100. */
function percentText(percent: number | null): string {
  return percent === null ? '-' : (Math.floor(percent * 1000) / 1000).toString();
}
