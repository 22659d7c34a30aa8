import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { OpsbroError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';

/** The system's data directory, and where its keys are; every other agent keeps its keys in its data directory, unless told otherwise. */
const system = { data: '/var/lib/opsbro', keys: '/etc/opsbro/zone_keys' };
const zonePattern = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** Where the key of a zone is kept, and whether the configuration has the agent look there. */
export interface KeyPlace {
  file: string;
  isConfigured: boolean;
}

/** Where `zone_keys` says, if a file of the configuration does. Throws OPSBRO_CLI_USAGE for a name that no zone has. */
export async function keyPlace(cli: CliContext, zone: string): Promise<KeyPlace> {
  if (!zonePattern.test(zone))
    throw new OpsbroError(
      'OPSBRO_CLI_USAGE',
      `'${zone}' is no name of a zone; write at most 64 letters, digits and any of ._-`,
    );
  const { data } = cli.directories();
  const { serviceOptions } = await import('../generate-options.ts');
  const configured = (await serviceOptions(cli)).written('gossip', 'zone_keys');
  const isConfigured = typeof configured === 'string' && isAbsolute(configured);
  const own = data === system.data ? system.keys : join(data, 'zone_keys');
  return { file: join(isConfigured ? configured : own, `${zone}.gossip.key`), isConfigured };
}

/** The line of YAML by which an agent uses the keys beside a file. */
export function keyYaml(file: string): string {
  return `gossip: {zone_keys: ${JSON.stringify(dirname(file))}}`;
}

/** What a file holds; undefined where there is none. */
export function readKey(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new OpsbroError('OPSBRO_HOST_IO', `cannot read ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Writes a key for its owner alone, whole or not at all. */
export function writeKey(file: string, key: string): void {
  const next = `${file}.new`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    rmSync(next, { force: true });
    const descriptor = openSync(next, 'wx', 0o600);
    try {
      writeSync(descriptor, `${key}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    chmodSync(next, 0o600);
    renameSync(next, file);
  } catch (error) {
    throw new OpsbroError('OPSBRO_HOST_IO', `cannot write ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
