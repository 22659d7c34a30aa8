import { setTimeout as sleep } from 'node:timers/promises';
import { OpsbroError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';

/** One node that was found; `joined` stands at the one that was tried. */
interface Found {
  name: string;
  address: string;
  port: number;
  joined?: boolean;
}

const detectSeconds = 5;
const detectTimeoutMs = 30_000;
/** The service may need a while to start. */
const tries = 30;
const pauseMs = 1000;

/** Finds other agents by UDP broadcast and joins a proxy, or else the first one; says on stderr what came of it. Never rejects. */
export async function autoDetect(cli: CliContext): Promise<void> {
  try {
    const found = await detect(cli);
    const joined = found.find((node) => node.joined === true);
    if (joined !== undefined) cli.note(`joined ${joined.name} (${joined.address}:${joined.port})`);
    else if (found.length === 0) cli.note('no other agent answers on this network');
    else cli.note(`${found.length} agents answer, but the one that was tried does not let this one join`);
  } catch (error) {
    cli.note(`--auto-detect: ${(error as Error).message}`);
  }
}

async function detect(cli: CliContext): Promise<Found[]> {
  const client = await cli.agent();
  for (let left = tries; ; left -= 1) {
    try {
      const body = { auto_join: true, timeout: detectSeconds };
      return await client.request<Found[]>('POST', '/api/v1/gossip/detect', body, {
        timeoutMs: detectTimeoutMs,
      });
    } catch (error) {
      const code = error instanceof OpsbroError ? error.code : '';
      if (code === 'OPSBRO_API_NOT_FOUND')
        throw new OpsbroError(
          code,
          "this agent is in no cluster; write 'gossip: {}' into its configuration",
          {
            cause: error,
          },
        );
      if (code !== 'OPSBRO_AGENT_BUSY' || left <= 1) throw error;
      await sleep(pauseMs);
    }
  }
}
