import { realpathSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckView } from '../control/shapes.ts';
import { showInfo } from './agent-info.ts';
import { showStates } from './checks.ts';
import type { CliContext, CliProcess } from './context.ts';
import { isInitialized } from './temporary-agent.ts';

const pollMs = 250;
const polls = 60;

/**
 * Shows a person who started the agent at a terminal what it found, once every first run and check is through or 15 s have passed: the
 * screens of `agent info` and `checks state`. Never throws; stops looking when the agent stops.
 */
export async function welcome(cli: CliContext, stopped: Promise<unknown>): Promise<void> {
  let running = true;
  stopped.finally(() => {
    running = false;
  });
  const { data } = cli.options();
  const where = data === undefined ? '' : ` --data ${data}`;
  try {
    for (let left = polls; left > 0 && running && !(await isSettled(cli)); left -= 1) {
      await sleep(pollMs, undefined, { ref: false });
    }
    if (!running) return;
    cli.print('');
    await showInfo(cli, false);
    cli.print('');
    await showStates(cli, [], {});
    const opsbro = commandWord(cli.process, process.cwd());
    cli.note(
      cli.paint.dim(
        `\nctrl-c stops the agent; in another terminal: ${opsbro} agent info${where}, ${opsbro} help`,
      ),
    );
  } catch {
    // The agent is on its way down, and its log says why.
  }
}

/** What a person types for this program in this directory: its name where the shell finds it by that, as after a global install, else its path. */
export function commandWord({ env, root }: Pick<CliProcess, 'env' | 'root'>, folder: string): string {
  const program = join(root, 'bin', 'opsbro');
  const found = (env.PATH ?? '').split(delimiter).some((place) => {
    try {
      return place !== '' && realpathSync(join(place, 'opsbro')) === realpathSync(program);
    } catch {
      return false;
    }
  });
  const inside = relative(folder, program);
  if (found) return 'opsbro';
  return inside.startsWith('..') ? program : inside.includes('/') ? inside : `./${inside}`;
}

async function isSettled(cli: CliContext): Promise<boolean> {
  const client = await cli.agent();
  if (!(await isInitialized(client))) return false;
  const checks = await client.request<CheckView[]>('GET', '/api/v1/checks');
  return checks.every((one) => !one.active || one.state !== 'pending');
}
