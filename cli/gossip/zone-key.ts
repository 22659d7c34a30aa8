import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { AgentView } from '../../control/shapes.ts';
import { OpsbroError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { isNotRunning } from '../wait.ts';
import { askGossip } from './ask.ts';
import { changeKeys, type KeyView, keyText, readKeys } from './keyring.ts';
import { keyPlace, keyYaml, readKey, writeKey } from './zone-key-file.ts';

interface Options {
  zone?: string;
  key?: string;
  file?: string;
  erase?: boolean;
}

/** AES-256 takes 32 bytes; OpsBro's own keys have 16. */
const newKeyBytes = 32;

/** Adds `opsbro gossip zone key`. They need no agent. */
export function registerZoneKey(zone: Command, cli: CliContext): void {
  const noun = zone
    .command('key')
    .description('the key of a zone: make one, or take over that of another node');
  noun
    .command('generate')
    .description('make a key, save it for this node, and print it for the others')
    .option('--zone <zone>', 'the zone; by default that of the running agent')
    .option('--erase', 'also in place of another key')
    .action((options: Options) => save(cli, options, randomBytes(newKeyBytes).toString('base64'), true));
  noun
    .command('import')
    .description('save the key that another node printed')
    .option('--zone <zone>', 'the zone; by default that of the running agent')
    .option('--key <base64>', 'the key, 16 or 32 bytes')
    .option('--file <path>', 'the file that holds the key')
    .option('--erase', 'also in place of another key')
    .action((options: Options) => save(cli, options, soundKey(keyText(options.key, options.file)), false));
}

async function save(cli: CliContext, options: Options, key: string, isNew: boolean): Promise<void> {
  const zone = options.zone ?? (await ownZone(cli));
  const { file, isConfigured } = await keyPlace(cli, zone);
  const known = readKey(file);
  if (known !== undefined && known !== key && options.erase !== true)
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      `the zone ${zone} has a key already, in ${file}; --erase puts this one in its place`,
    );
  if (known !== key) writeKey(file, key);
  const told = await tellAgent(cli, zone, key);
  const yaml = keyYaml(file);
  const installed = told !== 'not-used' && told !== null;
  cli.show({ zone, file, yaml, ...(isNew && { key }), installed }, () =>
    isNew ? `Encryption key for the zone ${zone} :${key}` : `${cli.paint.green('OK')}: saved`,
  );
  if (cli.options().json) return;
  cli.note(`it is in ${file}`);
  if (told === null && isConfigured) cli.note('the agent uses it once it runs');
  else if (!installed) cli.note(`in agent.yml this makes the agent use it: ${yaml}`);
  else if (told === 'used') cli.note('the agent uses it from now on');
  else
    cli.note(
      `the agent opens with it from now on; once every node has it: opsbro gossip keyring use ${newest(told)}`,
    );
}

/**
 * The keys of the running agent with the new one, where it has some of this zone already. `used`: it took the file; `not-used`: it looks
 * elsewhere; null where it does not run, or has no cluster.
 */
async function tellAgent(
  cli: CliContext,
  zone: string,
  key: string,
): Promise<KeyView[] | 'used' | 'not-used' | null> {
  try {
    const agent = await (await cli.agent()).request<AgentView>('GET', '/api/v1/agent');
    if (agent.zone === zone && (await readKeys(cli)).length > 0) return await changeKeys(cli, 'install', key);
    const { zones } = await askGossip<{ zones: string[] }>(cli, 'POST', 'zones/keys');
    return zones.includes(zone) ? 'used' : 'not-used';
  } catch (error) {
    const isAway =
      isNotRunning(error) || (error instanceof OpsbroError && error.code === 'OPSBRO_AGENT_NO_GOSSIP');
    if (isAway) return null;
    throw error;
  }
}

/** What was installed last comes last. */
function newest(keys: KeyView[]): string {
  return keys.at(-1)?.id ?? 'ID';
}

async function ownZone(cli: CliContext): Promise<string> {
  try {
    return (await (await cli.agent()).request<AgentView>('GET', '/api/v1/agent')).zone;
  } catch (error) {
    if (!isNotRunning(error)) throw error;
    throw new OpsbroError('OPSBRO_CLI_USAGE', 'no agent runs that could tell the zone; name it with --zone', {
      cause: error,
    });
  }
}

function soundKey(text: string): string {
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(text);
  const { length } = Buffer.from(text, 'base64');
  if (isBase64 && (length === 16 || length === 32)) return text;
  const found = isBase64 ? `it has ${length} bytes` : 'it is no base64';
  throw new OpsbroError(
    'OPSBRO_CLI_USAGE',
    `ERROR: the key is not valid. (not 128bits, nor 256bits): ${found}; 'opsbro gossip zone key generate' makes one`,
  );
}
