import type { ClusterNode, Json, NodesSnapshot } from 'opsbro/sdk';
import type { ControlClient, RequestOptions } from '../../control/client.ts';
import type { ConfigStatusView } from '../../control/shapes.ts';
import { OpsbroError } from '../../core/errors.ts';
import { nearest } from '../../language/nearest.ts';
import type { CliContext } from '../context.ts';
import { plain } from '../table.ts';
import type { Sighting } from '../wait.ts';

/** Asks the service `gossip` of the agent. Throws OPSBRO_AGENT_NO_GOSSIP, which names the YAML that starts it, where it does not run. */
export async function askGossip<T>(
  cli: CliContext,
  method: 'GET' | 'POST',
  path: string,
  body?: Json,
  options?: RequestOptions,
): Promise<T> {
  const client = await cli.agent();
  try {
    return await client.request<T>(method, `/api/v1/gossip/${path}`, body, options);
  } catch (error) {
    throw await explained(error, client);
  }
}

async function explained(error: unknown, client: ControlClient): Promise<unknown> {
  if (!(error instanceof OpsbroError)) return error;
  if (error.code === 'OPSBRO_API_NOT_FOUND' && error.message.startsWith('no route '))
    return new OpsbroError(
      'OPSBRO_AGENT_NO_GOSSIP',
      `this agent takes part in no cluster; ${await remedy(client)}`,
      {
        cause: error,
      },
    );
  if (error.code === 'OPSBRO_AGENT_BUSY' && / is (failed|stopped)$/.test(error.message))
    return new OpsbroError(
      'OPSBRO_AGENT_NO_GOSSIP',
      `${error.message}; 'opsbro plugins show cluster/gossip' tells why`,
      { cause: error },
    );
  return error;
}

/** The YAML may be there already, in a file that is bad. */
async function remedy(client: ControlClient): Promise<string> {
  const status = await client
    .request<ConfigStatusView>('GET', '/api/v1/config/status')
    .catch(() => undefined);
  const [bad, ...others] = status?.bad_files ?? [];
  if (bad === undefined) return "write 'gossip: {}' into its agent.yml, and it does at once";
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return `${bad}${more} cannot be used, see 'opsbro config status': where 'gossip: {}' is written there, it does not count; else write it into agent.yml`;
}

/** A look for `waitUntil` that goes on while the service starts. */
export async function lookAgain<T>(look: () => Promise<Sighting<T>>): Promise<Sighting<T>> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof OpsbroError && error.code === 'OPSBRO_AGENT_BUSY')
      return { done: false, why: error.message };
    throw error;
  }
}

/** The cluster as the agent sees it now. */
export function readNodes(cli: CliContext): Promise<NodesSnapshot> {
  return askGossip<NodesSnapshot>(cli, 'GET', 'members');
}

/**
 * The node that is called so: by its uuid, name or display name. Throws OPSBRO_API_NOT_FOUND with the nearest name where there is none, and
 * with the uuids where several have it.
 */
export function findNode({ nodes }: NodesSnapshot, wanted: string): ClusterNode {
  const lower = wanted.toLowerCase();
  const byId = nodes.find(({ uuid }) => uuid.toLowerCase() === lower);
  if (byId !== undefined) return byId;
  const found = nodes.filter(
    ({ name, display_name: display }) => name.toLowerCase() === lower || display.toLowerCase() === lower,
  );
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  if (first !== undefined)
    throw new OpsbroError(
      'OPSBRO_API_NOT_FOUND',
      `several nodes are called '${wanted}'; name one by its uuid: ${found.map(({ uuid }) => plain(uuid)).join(', ')}`,
    );
  const meant = nearest(
    wanted,
    nodes.map(({ name }) => name),
  );
  const advice =
    meant === undefined ? "'opsbro gossip members' shows all" : `did you mean '${plain(meant)}'?`;
  throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no node '${wanted}'; ${advice}`);
}
