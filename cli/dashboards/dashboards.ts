import type { Command } from 'commander';
import type { JsonObject } from 'opsbro/sdk';
import type { RunningObject, ShownObject } from '../../configuration/model.ts';
import type { ControlClient } from '../../control/client.ts';
import { OpsbroError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { orSuggest } from '../live-names.ts';
import { parseSeconds } from '../quantities.ts';
import { withAgent } from '../temporary-agent.ts';
import { type Dashboard, dashboardOf } from './content.ts';
import { DashboardReader } from './reader.ts';
import { paceOf, showDashboard } from './show.ts';

/** Adds `opsbro dashboards`: pictures of what is measured. */
export function registerDashboards(program: Command, cli: CliContext): void {
  const noun = program.command('dashboards').description('what is measured, drawn live');
  noun
    .command('list')
    .description('the dashboards of the configuration')
    .action(() => list(cli));
  noun
    .command('show <name>')
    .description('draw a dashboard until q or ctrl-c; without a terminal, print it once')
    .option('--occurences <n>', 'end after so many looks; 0: never', '0')
    .option('--interval <duration>', 'time between two looks', '10s')
    .action((name: string, options: { occurences: string; interval: string }) => {
      const pace = paceOf(options.occurences, parseSeconds(options.interval, '--interval') * 1000);
      return withAgent(cli, async (client) => {
        const id = await orSuggest(client, 'dashboards', name, () => findDashboard(client, name));
        const reader = new DashboardReader(client, () => fetchDashboard(client, id), pace.intervalMs);
        await showDashboard(cli, reader, pace);
      });
    });
}

async function list(cli: CliContext): Promise<void> {
  const dashboards = await withAgent(cli, async (client) => {
    const ids = await dashboardIds(client);
    return Promise.all(ids.map((id) => fetchDashboard(client, id)));
  });
  const rows = dashboards.map(({ id, pack, name, title, widgets }) => {
    return { id, pack, name, title, widgets: widgets.length };
  });
  cli.show(rows, () =>
    cli.table(
      [
        { title: 'NAME', text: (one) => one.name },
        { title: 'PACK', text: (one) => one.pack },
        { title: 'WIDGETS', text: (one) => String(one.widgets), align: 'right' },
        { title: 'TITLE', text: (one) => one.title },
      ],
      rows,
    ),
  );
}

/** The id of the dashboard of that name or id. */
async function findDashboard(client: ControlClient, name: string): Promise<string> {
  const ids = await dashboardIds(client);
  const found = ids.includes(name) ? [name] : ids.filter((id) => nameOf(id) === name);
  const [id] = found;
  if (id === undefined) throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no dashboard '${name}'`);
  if (found.length > 1) {
    const message = `dashboard '${name}' is ambiguous: ${found.join(', ')}; use the full id`;
    throw new OpsbroError('OPSBRO_CLI_USAGE', message);
  }
  return id;
}

/** Sorted ids of the dashboards that are loaded. */
async function dashboardIds(client: ControlClient): Promise<string[]> {
  const running = await client.request<RunningObject[]>('GET', '/api/v1/config/running');
  return running
    .map(({ id }) => id)
    .filter((id) => id.split('/')[1] === 'dashboard')
    .sort();
}

function nameOf(id: string): string {
  return id.split('/').slice(2).join('/');
}

async function fetchDashboard(client: ControlClient, id: string): Promise<Dashboard> {
  const [object] = await client.request<ShownObject[]>(
    'GET',
    `/api/v1/config/objects/${id.split('/').map(encodeURIComponent).join('/')}`,
  );
  if (object === undefined)
    throw new OpsbroError('OPSBRO_API_NOT_FOUND', `there is no dashboard '${id}' any more`);
  const keys = object.keys.map(({ key, value }) => [key, value] as const);
  return dashboardOf(id, Object.fromEntries(keys) as JsonObject);
}
