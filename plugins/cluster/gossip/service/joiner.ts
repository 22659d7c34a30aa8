import type { Random, Timers } from '../transport.ts';
import { type Endpoint, endpointText, parseEndpoint } from './endpoint.ts';

/** What a joiner works with. */
export interface JoinerParts {
  /** `host` or `host:port`, as they were written. */
  seeds: readonly string[];
  timers: Timers;
  random: Random;
  /** Addresses of a name; rejects where it has none. */
  resolve(host: string): Promise<string[]>;
  /** Whether the member there answered. */
  join(endpoint: string): Promise<boolean>;
  /** Where no port is given. */
  port: number;
  /** Whether a live member is reached there. */
  knows(endpoint: string): boolean;
  /** Whether that is this node: as a seed it counts for nothing. */
  isSelf(endpoint: string): boolean;
  /** Called once no seed has answered in a round, and once one has again. */
  onFound(isFound: boolean): void;
}

const firstPauseMs = 1000;
const longestPauseMs = 60_000;
/** When every seed is known, a look now and then finds the other half of a cluster that was split. */
const restMs = 60_000;
/** Addresses that are tried of one name. */
const mostAddresses = 8;

/** Joins the seeds at the start, and for ever: with growing pauses while none answers, once a minute when all are members. */
export class Joiner {
  readonly #parts: JoinerParts;
  #pauseMs = firstPauseMs;
  #isFound: boolean | undefined;
  #cancel: () => void = () => undefined;
  #isStopped = false;

  constructor(parts: JoinerParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#parts.seeds.length > 0) void this.#round();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #round(): Promise<void> {
    const { seeds } = this.#parts;
    const tried = await Promise.all(seeds.map((seed) => this.#try(seed)));
    if (this.#isStopped) return;
    const found = tried.filter((one) => one !== undefined);
    if (found.length === 0) {
      // A name that stands for this node alone may be given to others later.
      this.#again(restMs);
      return;
    }
    const isFound = found.includes(true);
    if (isFound !== this.#isFound) this.#parts.onFound(isFound);
    this.#isFound = isFound;
    const pauseMs = found.every(Boolean) ? restMs : this.#pauseMs;
    this.#pauseMs = isFound ? firstPauseMs * 8 : Math.min(this.#pauseMs * 2, longestPauseMs);
    this.#again(pauseMs);
  }

  #again(pauseMs: number): void {
    const { timers, random } = this.#parts;
    this.#cancel = timers.after(pauseMs * (0.75 + random() / 2), () => void this.#round());
  }

  /** Whether the seed is a member now; undefined where it stands for this node alone. */
  async #try(seed: string): Promise<boolean | undefined> {
    const { knows, join, isSelf, port } = this.#parts;
    const endpoints = await endpointsOf(seed, port, this.#parts.resolve).catch(() => []);
    // One name may stand for every node of a cluster.
    const others = endpoints.filter((endpoint) => !isSelf(endpoint));
    if (endpoints.length > 0 && others.length === 0) return undefined;
    for (const endpoint of others.slice(0, mostAddresses))
      if (!this.#isStopped && (knows(endpoint) || (await join(endpoint)))) return true;
    return false;
  }
}

/** Where a host with or without a port is reached, as `address:port`. Rejects where it is no endpoint, or its name has no address. */
export async function endpointsOf(
  text: string,
  port: number,
  resolve: JoinerParts['resolve'],
): Promise<string[]> {
  const endpoint: Endpoint | undefined = parseEndpoint(text, port);
  if (endpoint === undefined) throw new RangeError(`'${text}' is neither host nor host:port`);
  const addresses = await resolve(endpoint.host);
  return addresses.map((host) => endpointText({ host, port: endpoint.port }));
}
