import type { Json, JsonObject, Network, TcpConnection } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';
import {
  dataOf,
  field,
  invalid,
  numberOf,
  objectOf,
  optionalFlag,
  optionalNumber,
  optionalText,
  textOf,
} from './arguments.ts';

const maxOpen = 8;
const maxTimeoutMs = 60_000;
const maxReadBytes = 256 * 1024;
const maxWriteBytes = 256 * 1024;

/** The connections of one run, by number, so that a guest can speak of them. At most eight are open at once. */
export class Connections {
  readonly #tcp: Network['tcp'];
  readonly #open = new Map<number, TcpConnection>();
  #opening = 0;
  #last = 0;

  constructor(tcp: Network['tcp']) {
    this.#tcp = tcp;
  }

  async connect(args: Json[]): Promise<Json> {
    const host = textOf(args[0], 'host', 255);
    const port = numberOf(args[1], 'port', 1, 65_536);
    if (port > 65_535) invalid('port must be a whole number from 1 to 65535');
    const options = objectOf(args[2], 'options', ['tls', 'timeoutMs']);
    if (this.#open.size + this.#opening >= maxOpen)
      throw new OpsbroError('OPSBRO_AGENT_BUSY', `${maxOpen} connections are open already; close one`);
    this.#opening += 1;
    try {
      const connection = await this.#tcp(host, port, { tls: tlsOf(options), timeoutMs: timeoutOf(options) });
      this.#last += 1;
      this.#open.set(this.#last, connection);
      const { certificate } = connection;
      return { id: this.#last, ...(certificate && { certificate: certificate as unknown as JsonObject }) };
    } finally {
      this.#opening -= 1;
    }
  }

  async write(args: Json[]): Promise<Json> {
    await this.#get(args[0]).write(dataOf(args[1], 'text', maxWriteBytes));
    return null;
  }

  async read(args: Json[]): Promise<Json> {
    const options = objectOf(args[1], 'options', ['until', 'maxBytes']);
    const until = optionalText(options, 'until', 1024, dataOf);
    if (until === '') invalid('until must not be empty');
    const maxBytes = optionalNumber(options, 'maxBytes', {
      least: 1,
      most: maxReadBytes,
      otherwise: 64 * 1024,
    });
    return await this.#get(args[0]).read({ maxBytes, ...(until !== undefined && { until }) });
  }

  async close(args: Json[]): Promise<Json> {
    const id = numberOf(args[0], 'connection', 1, Number.MAX_SAFE_INTEGER);
    this.#open.get(id)?.close();
    this.#open.delete(id);
    return null;
  }

  closeAll(): void {
    for (const connection of this.#open.values()) connection.close();
    this.#open.clear();
  }

  #get(id: Json | undefined): TcpConnection {
    return (
      this.#open.get(numberOf(id, 'connection', 1, Number.MAX_SAFE_INTEGER)) ??
      invalid('the connection is closed, or never was open')
    );
  }
}

/** `timeoutMs`, at most a minute. */
export function timeoutOf(options: JsonObject): number {
  return optionalNumber(options, 'timeoutMs', { least: 1, most: maxTimeoutMs, otherwise: 10_000 });
}

function tlsOf(options: JsonObject): boolean | { servername?: string; caFile?: string; verify?: boolean } {
  const given = field(options, 'tls') ?? false;
  if (typeof given === 'boolean') return given;
  const tls = objectOf(given, 'tls', ['servername', 'caFile', 'verify']);
  const servername = optionalText(tls, 'servername', 255);
  const caFile = optionalText(tls, 'caFile', 1024);
  return {
    verify: optionalFlag(tls, 'verify', true),
    ...(servername !== undefined && { servername }),
    ...(caFile !== undefined && { caFile }),
  };
}
