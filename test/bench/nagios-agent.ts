import type { AgentView } from '../../control/shapes.ts';
import { type BenchAgent, pause, spawnAgent, waitFor } from './agent.ts';
import { Round, type RoundFigures } from './nagios-peer.ts';

const files = 20;
const ticksPerSecond = 20;

/** What a whole agent did in a round. */
export interface AgentRound extends RoundFigures {
  /** How late the scheduler's ticks were in the measured time, p99, as the agent itself tells. */
  latenessMs: number;
}

/** What an agent needs to run `services` services that run `command` every second. */
export function writeServices(services: number, command: string): { [path: string]: string } {
  const check = (index: number): string => `check: { id: s${index}, interval: 1s, script: '${command}' }\n`;
  const written: { [path: string]: string } = {};
  for (let file = 0; file < files; file += 1) {
    const own = Array.from({ length: services }, (_, index) => index).filter(
      (index) => index % files === file,
    );
    written[`bench/${file}.yml`] = own.map(check).join('---\n');
  }
  return written;
}

/** Runs a whole agent for one round, from a start of its own: measures for `seconds` once it has done `warm` checks. */
export async function runAgent(
  services: { [path: string]: string },
  warm: number,
  seconds: number,
): Promise<AgentRound> {
  const agent = spawnAgent(services);
  try {
    const warmed = async (): Promise<true | undefined> => (await counted(agent)) >= warm || undefined;
    await waitFor(agent, `agent that has run ${warm} checks`, warmed, 120_000, 250);
    const pid = agent.child.pid ?? 0;
    const round = new Round(pid, await counted(agent));
    await pause(seconds * 1000);
    const figures = round.end(await counted(agent));
    const ticks = Math.round(seconds * ticksPerSecond);
    const view = await agent.client.request<AgentView>('GET', `/api/v1/agent?ticks=${ticks}`);
    return {
      ...figures,
      latenessMs: view.loop_delay_ms.p99,
    };
  } finally {
    await agent.dispose();
  }
}

/** How many checks have come to an end. */
async function counted(agent: BenchAgent): Promise<number> {
  const { runs } = await agent.client.request<{ runs: number }>('GET', '/api/v1/plugins/check/nagios');
  return runs;
}
