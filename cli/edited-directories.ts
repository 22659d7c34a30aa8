import type { AgentView } from '../core/control/shapes.ts';
import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { isNotRunning } from './wait.ts';

/**
 * The directories over the shipped one that parameters are written to: none when the command line or OPSBRO_CONFIG names them, else those
 * of the running agent. Throws OPSBRO_CLI_USAGE when only the package's own `config.d` is left to write to.
 */
export async function editedDirectories(cli: CliContext): Promise<string[]> {
  if (cli.options().config.length > 0 || cli.process.env.OPSBRO_CONFIG) return [];
  const [shipped = '', ...over] = cli.directories().config;
  const running = (await runningDirectories(cli)).filter((directory) => directory !== shipped);
  if (running.length > 0 || over.length > 0) return running;
  throw new OpsbroError(
    'OPSBRO_CLI_USAGE',
    `this would change the package's own ${shipped}; name your directory with --config DIR`,
  );
}

async function runningDirectories(cli: CliContext): Promise<string[]> {
  try {
    return (await (await cli.agent()).request<AgentView>('GET', '/api/v1/agent')).config;
  } catch (error) {
    if (!isNotRunning(error)) throw error;
    return [];
  }
}
