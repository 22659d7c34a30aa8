import type { PassiveOptions } from 'opsbro/sdk';

/** Options as the manifest declares them. */
export interface Options extends PassiveOptions {
  enabled: boolean;
  path: string;
  group: string;
  mode: string;
}
