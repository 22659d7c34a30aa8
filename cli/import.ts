import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { OpsbroError } from '../core/errors.ts';
import { type HostChoice, importNagios, type NagiosImport } from '../importing/import-nagios.ts';
import type { CliContext } from './context.ts';
import { type OvercOptions, runImportOverc } from './import-overc.ts';
import { fileViews, remarkSection, shownNames, writeImported } from './imported-files.ts';
import { formatCount } from './quantities.ts';

const badConfiguration = 78;
const defaultHandlers =
  'checks that name no handler, such as the shipped ones, tell all handlers; default_handlers in agent.yml says which it shall be';

interface ImportOptions {
  out: string;
  host?: string[];
  allHosts?: boolean;
  dryRun?: boolean;
  force?: boolean;
}

/** Adds `opsbro import`: configurations of other programs as files of `config.d`. */
export function registerImport(program: Command, cli: CliContext): void {
  const noun = program.command('import').description("turn another program's configuration into config.d");
  const add = (name: string, names: string[] = []): string[] => [...names, name];
  noun
    .command('nagios <file>')
    .description('write the checks and handlers of a nagios.cfg, and say what could not be carried')
    .option('--out <dir>', 'directory to write to', 'nagios.d')
    .option('--host <name>', 'a host whose checks to write; may be repeated', add)
    .option('--all-hosts', 'all hosts, each a pack; without it and --host, this machine')
    .option('--dry-run', 'write nothing')
    .option('--force', 'replace files that exist')
    .action((file: string, options: ImportOptions) => run(cli, file, options));
  noun
    .command('overc <source>')
    .description(
      'take an OverC 1.0.9 over: its server.ini, or the URL of its database, mysql://… or postgres://…',
    )
    .option('--out <dir>', 'directory to write to', 'overc.d')
    .option('--days <days>', 'of how many days states and alerts are carried', '7')
    .option('--dry-run', 'write nothing')
    .option('--force', 'replace files that exist')
    .action((source: string, options: OvercOptions) => runImportOverc(cli, source, options));
}

function run(cli: CliContext, file: string, options: ImportOptions): void {
  const made = importNagios(resolve(file), chosen(options));
  const out = resolve(options.out);
  if (options.dryRun !== true) writeImported(made.files, out, options.force === true);
  if (made.faults.length > 0) cli.exitCode = badConfiguration;
  cli.show(document(made, out, options.dryRun === true), () => text(cli, made, options));
}

function chosen({ host = [], allHosts }: ImportOptions): HostChoice {
  if (allHosts === true && host.length > 0)
    throw new OpsbroError('OPSBRO_CLI_USAGE', "give either '--host' or '--all-hosts', not both");
  if (allHosts === true) return { all: true };
  return host.length > 0 ? { names: [...new Set(host)] } : { localNames: [hostname()] };
}

function document(made: NagiosImport, directory: string, isDry: boolean): object {
  const { report, files, hosts, others, checks, handlers, faults, moreFaults } = made;
  return {
    directory,
    written: !isDry,
    files: fileViews(files, isDry),
    hosts,
    other_hosts: others,
    checks,
    handlers,
    carried: report.carried.map(({ place, object, to }) => ({ ...place, object, to })),
    changed: report.changed.map(({ place, ...remark }) => ({ ...place, ...remark })),
    not_carried: report.lost.map(({ place, ...remark }) => ({ ...place, ...remark })),
    errors: faults.map(({ place, message }) => ({ ...place, message })),
    more: { remarks: report.dropped, errors: moreFaults },
  };
}

function text(cli: CliContext, made: NagiosImport, options: ImportOptions): string {
  const { report, files, hosts, others, checks, handlers, faults, moreFaults } = made;
  const { paint } = cli;
  const done = options.dryRun === true ? 'would write' : 'wrote';
  const total = [
    formatCount(checks, 'check'),
    formatCount(hosts.length, 'host'),
    formatCount(handlers, 'handler'),
  ];
  const advice = [
    ...(handlers > 1 ? [defaultHandlers] : []),
    ...(options.dryRun === true ? [] : [`'opsbro config check ${options.out}' judges the result`]),
  ];
  const left = others.slice(0, shownNames).join(', ') + (others.length > shownNames ? ', …' : '');
  return [
    `${done} ${formatCount(files.length, 'file')} to ${options.out}: ${total[0]} of ${total[1]}, ${total[2]}`,
    ...(others.length === 0 ? [] : [`left out ${formatCount(others.length, 'host')}: ${left}`]),
    ...remarkSection(
      paint.bold('errors in the source:'),
      faults.map(({ place, message }) => ({ place, what: message })),
    ),
    ...(moreFaults > 0 ? [`  and ${moreFaults} more`] : []),
    ...remarkSection(paint.bold('carried, but different:'), report.changed),
    ...remarkSection(paint.bold('not carried:'), report.lost),
    ...(report.dropped > 0 ? [`  and ${report.dropped} more`] : []),
    ...(advice.length > 0 ? ['', ...advice.map((line) => paint.dim(line))] : []),
  ].join('\n');
}
