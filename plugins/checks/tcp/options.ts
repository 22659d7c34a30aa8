import {
  cutText,
  type Finding,
  readQuantity,
  type TcpOptions,
  type Threshold,
  type VerdictState,
} from 'opsbro/sdk';

/** The options of the manifest. */
export interface Options {
  host: string;
  port: number;
  tls: boolean;
  verify_tls: boolean;
  ca_file?: string;
  send: string;
  expect: string;
  quit: string;
  warning?: Threshold;
  critical?: Threshold;
  refused: VerdictState;
  give_up_after: string;
}

const maxShown = 80;

/** How the options say to connect. */
export function connectionOptions({ tls, verify_tls, ca_file, give_up_after }: Options): TcpOptions {
  return {
    timeoutMs: readQuantity(give_up_after) * 1000,
    ...(tls && { tls: { verify: verify_tls, ...(ca_file !== undefined && { caFile: ca_file }) } }),
  };
}

/** What a connection that failed says of the port; throws on what is no failure of the network. */
export function failureOf(thrown: unknown, { refused }: Pick<Options, 'refused'>): Finding {
  const { code, message } = thrown as { code?: unknown; message?: unknown };
  if (code !== 'OPSBRO_HOST_NETWORK') throw thrown;
  const text = String(message);
  return { state: text.includes('ECONNREFUSED') ? refused : 'critical', text };
}

/** The beginning of what a server said, on one line and in quotes. */
export function shown(said: string): string {
  const line = said.trim().replaceAll(/[\s\u0000-\u001f\u007f]+/g, ' ');
  return line === '' ? 'nothing' : `'${cutText(line, maxShown)}'`;
}
