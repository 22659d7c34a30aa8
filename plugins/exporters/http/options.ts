import { readQuantity } from 'opsbro/sdk';

/** Options as the manifest declares them. */
export interface Options {
  address: string;
  port: number;
  names: string[];
  header_timeout: string;
  request_timeout: string;
  answer_timeout: string;
  max_connections: number;
}

/** An option of the format `duration`, in milliseconds; 1 at least, since 0 means no limit to Node. */
export function milliseconds(duration: string): number {
  return Math.max(1, Math.round(readQuantity(duration) * 1000));
}
