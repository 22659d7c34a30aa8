import { OpsbroError } from '../core/errors.ts';
import type { CliContext } from './context.ts';

/** Asks a route of the push server; throws OPSBRO_API_NOT_FOUND that says how to start one where there is none. */
export async function askPush<Body>(
  cli: CliContext,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
): Promise<Body> {
  try {
    return await (await cli.agent()).request<Body>(method, path);
  } catch (error) {
    if (!(error instanceof OpsbroError) || !/^no route /.test(error.message)) throw error;
    const message =
      "this agent is no push server; 'overc: { enabled: true }' in a file of its config.d starts it";
    throw new OpsbroError('OPSBRO_API_NOT_FOUND', message);
  }
}
