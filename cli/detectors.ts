import type { Command } from 'commander';
import type { DetectorsRunView, DetectorView, GroupsView } from '../control/shapes.ts';
import type { CliContext } from './context.ts';
import { addHistory } from './history.ts';
import { paintState } from './paint.ts';
import { formatAge, parseSeconds } from './quantities.ts';
import { withAgent } from './temporary-agent.ts';
import { waitUntil } from './wait.ts';

const runTimeoutMs = 60_000;

/** Adds `opsbro detectors`: the rules that give this host its groups. */
export function registerDetectors(program: Command, cli: CliContext): void {
  const noun = program.command('detectors').description('what this host is: the rules that give it groups');
  noun
    .command('list')
    .description('every detector: pack, rule and the groups it gives')
    .action(() => listDetectors(cli));
  noun
    .command('state')
    .description('which detectors match, and their last runs')
    .action(() => showStates(cli));
  noun
    .command('run')
    .description('run every detector now and print the groups they give')
    .action(() => runDetectors(cli));
  noun
    .command('wait-group <name>')
    .description('wait until this host is in a group; exit 1 when the time is up')
    .option('--timeout <duration>', 'how long to wait: seconds, or 500ms, 10s, 5m, 1h', '30')
    .action((name: string, options: { timeout: string }) => waitGroup(cli, name, options.timeout));
  addHistory(noun, cli, 'detectors');
}

async function listDetectors(cli: CliContext): Promise<void> {
  const detectors = await withAgent(cli, (client) =>
    client.request<DetectorView[]>('GET', '/api/v1/detectors'),
  );
  cli.show(detectors, () =>
    cli.table(
      [
        { title: 'PACK', text: (one) => one.pack },
        { title: 'NAME', text: (one) => one.name },
        { title: 'GROUPS', text: (one) => one.add_groups.join(', ') },
        { title: 'IF', text: (one) => one.apply_if },
      ],
      detectors,
    ),
  );
}

async function showStates(cli: CliContext): Promise<void> {
  const detectors = await withAgent(cli, (client) =>
    client.request<DetectorView[]>('GET', '/api/v1/detectors'),
  );
  const now = Date.now();
  const { paint } = cli;
  const matched = (one: DetectorView): string => (one.matched === null ? '-' : one.matched ? 'yes' : 'no');
  cli.show(detectors, () =>
    cli.table(
      [
        { title: 'PACK', text: (one) => one.pack },
        { title: 'NAME', text: (one) => one.name },
        { title: 'STATE', text: (one) => one.state, paint: (text) => paintState(paint, text) },
        {
          title: 'MATCHES',
          text: matched,
          paint: (text) => (text === 'yes' ? paint.green(text) : paint.dim(text)),
        },
        { title: 'GROUPS', text: (one) => one.groups.join(', ') },
        { title: 'LAST RUN', text: (one) => formatAge(one.last_run, now), align: 'right' },
        { title: 'LOG', text: (one) => one.log },
      ],
      detectors,
    ),
  );
}

async function runDetectors(cli: CliContext): Promise<void> {
  const ran = await withAgent(cli, (client) =>
    client.request<DetectorsRunView>('POST', '/api/v1/detectors/run', {}, { timeoutMs: runTimeoutMs }),
  );
  const outcomes = Object.values(ran.detectors);
  const unique = (names: string[]): string[] => [...new Set(names)].sort();
  const groups = unique(outcomes.flatMap((one) => one.groups));
  const fresh = unique(outcomes.flatMap((one) => one.new_groups));
  cli.show({ groups, new_groups: fresh, detectors: ran.detectors }, () =>
    [
      `${cli.paint.bold('Groups:')}     ${groups.join(', ') || '-'}`,
      `${cli.paint.bold('New groups:')} ${cli.paint.green(fresh.join(', ')) || '-'}`,
    ].join('\n'),
  );
}

async function waitGroup(cli: CliContext, name: string, timeout: string): Promise<void> {
  const seconds = parseSeconds(timeout, '--timeout');
  const group = await withAgent(cli, (client) =>
    waitUntil(`this host is in group ${name}`, seconds, async () => {
      const { groups } = await client.request<GroupsView>('GET', '/api/v1/groups');
      const found = groups.find((one) => one.name === name);
      if (found !== undefined) return { done: true, value: found };
      return { done: false, why: `it is in ${groups.map((one) => one.name).join(', ') || 'no group'}` };
    }),
  );
  cli.show(group, () => `${group.name}: ${cli.paint.green('yes')}`);
}
