import type { GossipNode } from '../gossip-node.ts';
import { isLive } from '../members.ts';
import { endpointOf } from '../messages.ts';
import { endpointsOf } from './joiner.ts';
import { noAnswer } from './socket-transport.ts';

/** What came of a join. */
export interface Joined {
  joined: string[];
  failed: { address: string; reason: string }[];
}

/** What introductions are made with. */
export interface IntroductionsParts {
  /** The node as it is now. */
  node(): GossipNode;
  /** Addresses of a name; rejects where it has none. */
  resolve(host: string): Promise<string[]>;
  /** Where no port is given. */
  port: number;
  /** Why the last exchange with an endpoint came to nothing. */
  reason(endpoint: string): string;
  /** Zones below whose key this node holds. */
  keyed(): Iterable<string>;
}

/** Endpoints below that were met under the key of their zone. */
const hintLimit = 256;

/** Exchanges tables with who is named by hand or as a seed. */
export class Introductions {
  readonly #parts: IntroductionsParts;
  /** Those under way; none rejects. */
  readonly #running = new Set<Promise<boolean>>();
  readonly #hints = new Map<string, string>();

  constructor(parts: IntroductionsParts) {
    this.#parts = parts;
  }

  /** The zone below that a stranger there was met in, or is to be tried as. */
  zoneAt(endpoint: string): string | undefined {
    return this.#hints.get(endpoint);
  }

  /** With who listens at each address, `host` or `host:port`. */
  async all(addresses: readonly string[]): Promise<Joined> {
    const result: Joined = { joined: [], failed: [] };
    await Promise.all(
      addresses.map(async (address) => {
        const reason = await this.#any(address);
        if (reason === undefined) result.joined.push(address);
        else result.failed.push({ address, reason });
      }),
    );
    return result;
  }

  /** Whether who listens at an endpoint answered. A stranger may be of a zone below, which opens only what has its own key. */
  async one(endpoint: string): Promise<boolean> {
    if (await this.#exchange(endpoint)) return true;
    for (const zone of this.#parts.keyed()) {
      if (this.#parts.reason(endpoint) !== noAnswer) break;
      if (this.#hints.size >= hintLimit) this.#hints.clear();
      this.#hints.set(endpoint, zone);
      if (await this.#exchange(endpoint)) return true;
    }
    this.#hints.delete(endpoint);
    return false;
  }

  /** Whether a live member is reached there. */
  knows(endpoint: string): boolean {
    const members = this.#parts.node().members();
    return members.some((member) => isLive(member) && endpointOf(member.alive.record) === endpoint);
  }

  /** Resolves when none is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #any(address: string): Promise<string | undefined> {
    let reason = 'has no address';
    try {
      for (const endpoint of await endpointsOf(address, this.#parts.port, this.#parts.resolve)) {
        if (await this.one(endpoint)) return undefined;
        reason = this.#parts.reason(endpoint);
      }
    } catch (error) {
      reason = (error as Error).message;
    }
    return reason;
  }

  #exchange(endpoint: string): Promise<boolean> {
    const exchange = new Promise<boolean>((resolve) =>
      this.#parts.node().join([endpoint], (answered) => resolve(answered > 0)),
    );
    this.#running.add(exchange);
    return exchange.finally(() => this.#running.delete(exchange));
  }
}
