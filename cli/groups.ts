import type { Command } from 'commander';
import type { GroupsView } from '../control/shapes.ts';
import type { CliContext } from './context.ts';
import { formatAge } from './quantities.ts';
import { withAgent } from './temporary-agent.ts';

/** Adds `opsbro groups`: the groups this host is in, and why. */
export function registerGroups(program: Command, cli: CliContext): void {
  const noun = program
    .command('groups')
    .description('the groups this host is in, and why')
    .action(() => listGroups(cli));
  noun
    .command('list')
    .description('the groups this host is in, and why (the same as `opsbro groups`)')
    .action(() => listGroups(cli));
}

async function listGroups(cli: CliContext): Promise<void> {
  const { groups } = await withAgent(cli, (client) => client.request<GroupsView>('GET', '/api/v1/groups'));
  const now = Date.now();
  cli.show(groups, () =>
    groups.length === 0
      ? cli.paint.dim('no groups')
      : cli.table(
          [
            { title: 'GROUP', text: (one) => one.name },
            { title: 'SOURCE', text: (one) => (one.stale ? `${one.source}, stale` : one.source) },
            { title: 'SINCE', text: (one) => formatAge(one.since, now), align: 'right' },
            { title: 'DETECTORS', text: (one) => one.detectors.join(', ') },
          ],
          groups,
        ),
  );
}
