import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { registerDetect } from './detect.ts';
import { registerEvents } from './events.ts';
import { registerHistory } from './history.ts';
import { registerJoin } from './join.ts';
import { registerKeyring } from './keyring.ts';
import { registerLeave } from './leave.ts';
import { registerMembers } from './members.ts';
import { registerPing } from './ping.ts';
import { registerWaitMembers } from './wait-members.ts';
import { registerZone } from './zone.ts';

/** Adds `opsbro gossip`: the cluster that this node is in. */
export function registerGossip(program: Command, cli: CliContext): void {
  const noun = program.command('gossip').description('the cluster: its members, keys, zones and events');
  registerMembers(noun, cli);
  registerJoin(noun, cli);
  registerDetect(noun, cli);
  registerPing(noun, cli);
  registerLeave(noun, cli);
  registerHistory(noun, cli);
  registerWaitMembers(noun, cli);
  registerEvents(noun, cli);
  registerKeyring(noun, cli);
  registerZone(noun, cli);
}
