import type { AgentView } from '../control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { isNotRunning } from './wait.ts';

/**
 * The directories over the shipped one that a command reads by itself: those the command line or OPSBRO_CONFIG names, else those of the
 * running agent, else the defaults.
 */
export async function configuredDirectories(cli: CliContext): Promise<string[]> {
  const byDefault = cli.directories().config.slice(1);
  return isNamed(cli) ? byDefault : ((await runningDirectories(cli)) ?? byDefault);
}

/** Those that parameters are written to. Throws OPSBRO_CLI_USAGE when only the package's own `config.d` is left, and nobody named it. */
export async function editedDirectories(cli: CliContext): Promise<string[]> {
  const over = await configuredDirectories(cli);
  if (over.length > 0 || isNamed(cli)) return over;
  const [shipped] = cli.directories().config;
  throw new OpsbroError(
    'OPSBRO_CLI_USAGE',
    `this would change the package's own ${shipped}; name your directory with --config DIR`,
  );
}

function isNamed(cli: CliContext): boolean {
  return cli.options().config.length > 0 || Boolean(cli.process.env.OPSBRO_CONFIG);
}

/** null when no agent runs. */
async function runningDirectories(cli: CliContext): Promise<string[] | null> {
  try {
    return (await (await cli.agent()).request<AgentView>('GET', '/api/v1/agent')).config.slice(1);
  } catch (error) {
    if (!isNotRunning(error)) throw error;
    return null;
  }
}
