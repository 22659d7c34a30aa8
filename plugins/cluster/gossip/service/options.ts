import { readQuantity } from 'opsbro/sdk';
import { type GossipSettings, lanSettings, localSettings, wanSettings } from '../settings.ts';

/** Options as the manifest declares them. */
export interface Options {
  address: string;
  advertise?: string;
  port: number;
  key?: string;
  keys: string[];
  seeds: string[];
  bootstrap: boolean;
  zone: string;
  /** The directory of the files `<zone>.gossip.key`. */
  zone_keys: string;
  proxy: boolean;
  display_name: string;
  profile: 'lan' | 'wan' | 'local';
  forget_dead: string;
}

const profiles = { lan: lanSettings, wan: wanSettings, local: localSettings };
const exchangeTimeoutsMs = { lan: 10_000, wan: 30_000, local: 5000 };

/** How a node with these options probes, tells and forgets. */
export function settingsOf({ profile, forget_dead }: Options): GossipSettings {
  return { ...profiles[profile], forgetDeadMs: Math.max(1000, readQuantity(forget_dead) * 1000) };
}

/** How long a full exchange may take, ms. */
export function exchangeTimeoutMs({ profile }: Options): number {
  return exchangeTimeoutsMs[profile];
}
