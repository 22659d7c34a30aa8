import type { Json } from 'opsbro/sdk';
import type { CliContext } from './context.ts';
import { openConfigured } from './offline-configuration.ts';

/** What the configuration of this moment says of services. */
export interface ServiceOptions {
  /** Whether a file has the service's key. */
  has(service: string): boolean;
  of(service: string, option: string, byDefault: Json): Json;
  /** The same where a file has it; undefined for a default. */
  written(service: string, option: string): Json | undefined;
}

/** Reads the directories that this command reads, see `configuredDirectories`. */
export async function serviceOptions(cli: CliContext): Promise<ServiceOptions> {
  const { configuration, directories } = await openConfigured(cli);
  configuration.read(directories);
  const objects = configuration.show(null);
  const find = (service: string) => objects.find(({ id }) => id.endsWith(`/service/${service}`));
  const keyOf = (service: string, option: string) =>
    find(service)?.keys.find(({ key }) => key === option || key === `options.${option}`);
  return {
    has: (service) => find(service) !== undefined,
    of: (service, option, byDefault) => keyOf(service, option)?.value ?? byDefault,
    written: (service, option) => {
      const key = keyOf(service, option);
      return key?.origin === 'default' ? undefined : key?.value;
    },
  };
}

/** A service that listens everywhere is asked over loopback. */
export function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}
