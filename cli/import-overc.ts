import { resolve } from 'node:path';
import { OpsbroError } from '../core/errors.ts';
import { importOverc, type OvercImport } from '../importing/import-overc.ts';
import type { CliContext } from './context.ts';
import { changedFiles, fileViews, remarkSection, writeImported } from './imported-files.ts';
import { formatCount } from './quantities.ts';
import { isNotRunning, waitUntil } from './wait.ts';

/** Options of the verb. */
export interface OvercOptions {
  out: string;
  days: string;
  dryRun?: boolean;
  force?: boolean;
}

/** POST and GET /api/v1/push/import. */
interface TakeOverView {
  state: 'running' | 'done' | 'failed';
  error: string | null;
  servers: { found: number; carried: number; known: number };
  services: { found: number; carried: number; known: number };
  states: { found: number; carried: number };
  alerts: { found: number; carried: number };
  not_carried: { object: string; what: string }[];
  more: number;
}

/** What became of the data: a report, or why there is none. */
type Data = { view: TakeOverView } | { reason: string };

const path = '/api/v1/push/import';
const longestDays = 3650;
/** A database that answers slowly is waited for; what was carried stays, and a later run goes on. */
const longestSeconds = 6 * 3600;

/** `opsbro import overc SOURCE`: settings become files, then the running push server takes the data. */
export async function runImportOverc(cli: CliContext, source: string, options: OvercOptions): Promise<void> {
  const days = Number(options.days);
  if (!(days >= 1 && days <= longestDays))
    throw new OpsbroError('OPSBRO_CLI_USAGE', `--days takes 1 to ${longestDays}, not '${options.days}'`);
  const isUrl = source.includes('://');
  const made = importOverc(isUrl ? null : resolve(source), cli.process.env);
  const out = resolve(options.out);
  const isDry = options.dryRun === true;
  const fresh = changedFiles(made.files, out);
  if (!isDry) writeImported(fresh, out, options.force === true);
  const database = isUrl ? source : made.database;
  const data = await carry(cli, database, days, isDry);
  if (!('view' in data) || data.view.state === 'failed') cli.exitCode = 1;
  const files = { all: made.files.length, fresh: fresh.length };
  cli.show(document(made, { out, isDry, data }), () => text(cli, made, { options, files, data }));
}

async function carry(cli: CliContext, database: string | null, days: number, isDry: boolean): Promise<Data> {
  if (database === null) return { reason: 'neither the file nor OVERC_DATABASE names a database' };
  const agent = await cli.agent();
  try {
    await agent.request('POST', path, { database, days, dry_run: isDry });
    const view = await waitUntil('the old installation is taken over', longestSeconds, async () => {
      const found = await agent.request<TakeOverView>('GET', path);
      const { servers } = found;
      const why = `${servers.carried + servers.known} of ${servers.found} servers are done`;
      return found.state === 'running' ? { done: false, why } : { done: true, value: found };
    });
    return { view };
  } catch (error) {
    if (isNotRunning(error)) return { reason: error.message };
    if (error instanceof OpsbroError && error.code === 'OPSBRO_API_NOT_FOUND')
      return { reason: "the agent runs without its push server, 'overc: { enabled: true }'" };
    throw error;
  }
}

function document(
  made: OvercImport,
  { out, isDry, data }: { out: string; isDry: boolean; data: Data },
): object {
  const { files, handlers, report } = made;
  return {
    directory: out,
    written: !isDry,
    files: fileViews(files, isDry),
    handlers,
    carried: report.carried.map(({ place, object, to }) => ({ ...place, object, to })),
    changed: report.changed.map(({ place, ...remark }) => ({ ...place, ...remark })),
    not_carried: report.lost.map(({ place, ...remark }) => ({ ...place, ...remark })),
    data: 'view' in data ? data.view : { state: 'missing', error: data.reason },
  };
}

function text(
  cli: CliContext,
  { handlers, report }: OvercImport,
  { options, files, data }: { options: OvercOptions; files: { all: number; fresh: number }; data: Data },
): string {
  const { paint } = cli;
  const isDry = options.dryRun === true;
  const same = files.all - files.fresh;
  const kept = same === 0 ? '' : `; ${formatCount(same, 'file')} were there just so`;
  return [
    `${isDry ? 'would write' : 'wrote'} ${formatCount(files.fresh, 'file')} to ${options.out}: the push server, ${formatCount(handlers, 'handler')}${kept}`,
    ...dataLines(cli, data, isDry),
    ...remarkSection(paint.bold('carried, but different:'), report.changed),
    ...remarkSection(paint.bold('not carried:'), [
      ...report.lost,
      ...('view' in data ? data.view.not_carried : []),
    ]),
    ...('view' in data && data.view.more > 0 ? [`  and ${data.view.more} more`] : []),
    ...(isDry ? [] : ['', paint.dim(`'opsbro config check ${options.out}' judges the files`)]),
  ].join('\n');
}

function dataLines({ paint }: CliContext, data: Data, isDry: boolean): string[] {
  if (!('view' in data))
    return [
      paint.yellow(`no data was ${isDry ? 'looked at' : 'carried'}: ${data.reason}`),
      'start an agent with these files, then run this again: what is there already stays as it is',
    ];
  const { view } = data;
  if (view.state === 'failed') return [paint.red(`the data could not be carried: ${view.error}`)];
  const of = (
    what: string,
    { found, carried, known }: { found: number; carried: number; known?: number },
  ): string =>
    `  ${what}: ${carried} of ${found}${known === undefined || known === 0 ? '' : `, ${known} were here already`}`;
  return [
    isDry ? 'the push server would take over:' : 'the push server took over:',
    of('servers', view.servers),
    of('services', view.services),
    of('states', view.states),
    of('alerts', view.alerts),
  ];
}
