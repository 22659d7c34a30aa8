import { isIP, isIPv4 } from 'node:net';
import type { Command } from 'commander';
import type { AgentView } from '../../control/shapes.ts';
import { OpsbroError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { plain } from '../table.ts';
import { askGossip } from './ask.ts';
import { readKeys } from './keyring.ts';
import { keyPlace, keyYaml } from './zone-key-file.ts';

/** What became of each address. */
export interface JoinView {
  joined: string[];
  failed: { address: string; reason: string }[];
}

/** A member that does not answer may take as long as an exchange over a slow link. */
const joinTimeoutMs = 45_000;

/** Adds `opsbro gossip join`. */
export function registerJoin(noun: Command, cli: CliContext): void {
  noun
    .command('join <seed...>')
    .description('join the cluster of a node: HOST or HOST:PORT; exit 1 when one does not answer')
    .action((seeds: string[]) => join(cli, seeds));
}

async function join(cli: CliContext, seeds: string[]): Promise<void> {
  const hasKey = (await readKeys(cli)).length > 0;
  const far = hasKey ? undefined : seeds.find((seed) => isFar(hostOf(seed)));
  if (far !== undefined) throw new OpsbroError('OPSBRO_HOST_DENIED', await keyAdvice(cli, far));
  const answer = await joinSeeds(cli, seeds);
  cli.show(answer, () => joinText(cli, answer));
  if (answer.failed.length === 0) return;
  cli.exitCode = 1;
  const name = hasKey ? undefined : seeds.find((seed) => !isIP(hostOf(seed)) && hostOf(seed) !== 'localhost');
  if (name !== undefined) cli.note(await keyAdvice(cli, name));
}

/** Asks the agent to join; what it refuses is wrong usage. */
export async function joinSeeds(cli: CliContext, seeds: string[]): Promise<JoinView> {
  try {
    return await askGossip<JoinView>(cli, 'POST', 'join', { addresses: seeds }, { timeoutMs: joinTimeoutMs });
  } catch (error) {
    if (!(error instanceof OpsbroError) || error.code !== 'OPSBRO_API_INVALID') throw error;
    throw new OpsbroError('OPSBRO_CLI_USAGE', error.message, { cause: error });
  }
}

/** One line for each address. */
export function joinText(cli: CliContext, { joined, failed }: JoinView): string {
  return [
    ...joined.map((address) => `Joining ${plain(address)} : ${cli.paint.green('OK')}`),
    ...failed.map(
      ({ address, reason }) => `Joining ${plain(address)} : ${cli.paint.red('FAILED')} (${plain(reason)})`,
    ),
  ].join('\n');
}

/** The host of HOST, HOST:PORT, an IPv6 address or [IPv6]:PORT. */
export function hostOf(seed: string): string {
  if (isIP(seed) !== 0) return seed;
  return seed.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

/** True for an address that is not this host's own loopback. A name may be either. */
function isFar(host: string): boolean {
  if (isIP(host) === 0) return false;
  return isIPv4(host) ? !host.startsWith('127.') : host !== '::1';
}

/** The two commands and the line of YAML that let two hosts be one cluster. */
async function keyAdvice(cli: CliContext, seed: string): Promise<string> {
  const { zone } = await (await cli.agent()).request<AgentView>('GET', '/api/v1/agent');
  const { file } = await keyPlace(cli, zone);
  return [
    `without a key this agent speaks on loopback only, and cannot join ${plain(seed)}; three steps make it work:`,
    `  1. here:           opsbro gossip zone key generate --zone ${zone}`,
    `  2. on ${`${plain(hostOf(seed))}:`.padEnd(12)} opsbro gossip zone key import --zone ${zone} --key THE-KEY-OF-STEP-1`,
    `  3. in agent.yml of both, with the file that each command names: ${keyYaml(file)}`,
  ].join('\n');
}
