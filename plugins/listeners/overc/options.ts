import { isIP } from 'node:net';
import { readQuantity, type ServiceContext } from 'opsbro/sdk';
import type { ServiceRule } from './supervision/rules.ts';

/** Options as the manifest declares them. */
export interface Options {
  enabled: boolean;
  address: string;
  port: number;
  trusted_proxies: string[];
  config: string;
  database: string;
  api_auth: string;
  ui_auth: string;
  enrollment_token: string;
  max_servers: number;
  max_services: number;
  max_disk: string;
  max_connections: number;
  services: ServiceRule[];
  default_handlers: string[];
}

/** Options as the service uses them. */
export interface Settings extends Options {
  diskBytes: number;
}

/** Throws with what is wrong. */
export function settingsOf(options: Options, nextCron: ServiceContext<Options>['nextCron']): Settings {
  const { address, services, max_disk: maxDisk } = options;
  if (isIP(address) === 0) throw new Error(`'address' is no address: ${address}`);
  for (const { match, grace, period, schedule, timezone } of services) {
    for (const quantity of [grace, period]) if (quantity !== undefined) seconds(match, quantity);
    try {
      // Here rather than in a pass of the supervision, which would fail for every service.
      nextCron(schedule ?? '* * * * *', timezone ?? 'UTC', 0);
    } catch (error) {
      throw new Error(`'${match}' of 'services': ${(error as Error).message}`);
    }
  }
  return { ...options, diskBytes: readQuantity(maxDisk) };
}

function seconds(match: string, text: string): number {
  const value = readQuantity(text);
  if (!(value >= 0))
    throw new Error(`'${match}' of 'services' has '${text}', expected a duration such as 30m`);
  return value;
}
