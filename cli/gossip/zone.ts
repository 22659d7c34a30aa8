import type { Command } from 'commander';
import { OpsbroError } from '../../core/errors.ts';
import { nearest } from '../../language/nearest.ts';
import type { CliContext } from '../context.ts';
import { plain } from '../table.ts';
import { askGossip } from './ask.ts';
import { registerZoneKey } from './zone-key.ts';

interface ZoneView {
  name: string;
  parent: string | null;
  unreachable: boolean;
  /** This node is in it. */
  own: boolean;
  /** Nodes of it may be seen from here. */
  seen: boolean;
  nodes: number;
  alive: number;
  /** Whether this node holds its key. */
  key: boolean;
}

/** Adds `opsbro gossip zone`. */
export function registerZone(noun: Command, cli: CliContext): void {
  const zone = noun.command('zone').description('the zones of the cluster, and their keys');
  zone
    .command('list')
    .description('the zones of the cluster, and how they are seen from here')
    .action(async () => {
      const zones = await readZones(cli);
      cli.show(zones, () => zonesText(cli, zones));
    });
  zone
    .command('change <name>')
    .description('move this node into another zone: sets node-zone in agent.yml; exit 2 for an unknown one')
    .action((name: string) => changeZone(cli, name));
  registerZoneKey(zone, cli);
}

async function readZones(cli: CliContext): Promise<ZoneView[]> {
  return (await askGossip<{ zones: ZoneView[] }>(cli, 'GET', 'zones')).zones;
}

function zonesText(cli: CliContext, zones: ZoneView[]): string {
  const { paint } = cli;
  return cli.table(
    [
      { title: 'ZONE', text: ({ name }) => name },
      { title: 'BELOW', text: ({ parent }) => parent ?? '-' },
      { title: 'NODES', text: ({ nodes }) => String(nodes), align: 'right' },
      { title: 'ALIVE', text: ({ alive }) => String(alive), align: 'right' },
      { title: 'KEY', text: ({ key }) => (key ? 'yes' : 'no') },
      {
        title: 'IS',
        text: ({ own, seen, unreachable }) =>
          own ? 'own' : unreachable ? 'unreachable' : seen ? 'seen' : 'not seen',
        paint: (text, { unreachable }) => (unreachable ? paint.red(text) : text),
      },
    ],
    zones,
  );
}

async function changeZone(cli: CliContext, name: string): Promise<void> {
  const zones = await readZones(cli);
  const names = zones.map((one) => one.name);
  if (!names.includes(name)) {
    const meant = nearest(name, names);
    const advice =
      meant === undefined ? `known are ${names.map(plain).join(', ')};` : `did you mean '${meant}'?`;
    throw new OpsbroError(
      'OPSBRO_API_NOT_FOUND',
      `the zone ${name} does not exist; ${advice} to be the first in it, 'opsbro agent parameters set node-zone ${name}'`,
    );
  }
  if (zones.some((one) => one.own && one.name === name))
    return cli.show({ zone: name }, () => `this node is in zone ${name} already`);
  // Editing YAML loads much that no other verb of this noun needs.
  const { setAgentParameter } = await import('../parameters.ts');
  await setAgentParameter(cli, 'node-zone', name);
}
