import type { AliveClaim, DetectionMessage } from '../messages.ts';
import type { Timers } from '../transport.ts';

/** A node that answered, and where it can be joined. */
export interface Found {
  uuid: string;
  name: string;
  /** What people see in place of the name; empty where it told none. */
  display_name: string;
  address: string;
  port: number;
  zone: string;
  groups: string[];
  proxy: boolean;
}

/** What detection is made of. */
export interface DetectionParts {
  /** Of this node. */
  uuid: string;
  zone(): string;
  timers: Timers;
  /** A text that no question had before, at most 32 characters. */
  newToken(): string;
  /** This node's own word, signed. */
  own(): AliveClaim;
  /** Whether a claim is signed by the key in it. */
  isSigned(claim: AliveClaim): boolean;
  /** Whether a node of `zone` may learn of this one. */
  mayTell(zone: string): boolean;
  /** Where a question goes: `host:port` of broadcast addresses. */
  broadcasts(): string[];
  /** `zone`: under whose key, where it is not this node's. */
  send(endpoint: string, message: DetectionMessage, zone?: string): void;
  /** Further zones that are asked, each under its own key. */
  below?(): Iterable<string>;
}

/** Questions that run at a time. */
const lookLimit = 4;
/** Nodes that one question takes. */
const foundLimit = 256;
/** A question is asked so often: a datagram may be lost, and a node that has to prove first who it is hears the next one. */
const asks = 3;
/** Answers within one second; what comes beyond is not answered: whoever asks asks again. */
const answersPerSecond = 50;

/**
 * Finds the nodes of the same network: a question to its broadcast addresses, answered by each node to where it came from. Where the
 * transport seals, both are sealed, so only who holds the key is heard.
 */
export class Detection {
  readonly #parts: DetectionParts;
  readonly #looks = new Map<string, Map<string, Found>>();
  #answers = { sinceMs: Number.NEGATIVE_INFINITY, count: 0 };

  constructor(parts: DetectionParts) {
    this.#parts = parts;
  }

  /** Asks who is there, and resolves after `timeoutMs` with who answered, the first one first. Throws RangeError while four others ask. */
  look(timeoutMs: number): Promise<Found[]> {
    const { timers, newToken, uuid, zone, broadcasts, send, below } = this.#parts;
    if (this.#looks.size >= lookLimit)
      throw new RangeError(`${lookLimit} detections run already; try again once they have ended`);
    const token = newToken();
    const found = new Map<string, Found>();
    this.#looks.set(token, found);
    const ask = (): void => {
      for (const endpoint of broadcasts())
        for (const key of [undefined, ...(below?.() ?? [])])
          send(endpoint, { kind: 'detect', token, from: uuid, zone: zone() }, key);
    };
    ask();
    const again = Array.from({ length: asks - 1 }, (_, index) =>
      timers.after((timeoutMs * (index + 1)) / asks, ask),
    );
    return new Promise((resolve) => {
      timers.after(timeoutMs, () => {
        for (const cancel of again) cancel();
        this.#looks.delete(token);
        resolve([...found.values()]);
      });
    });
  }

  /** Takes a question or an answer that came from the endpoint `from`. */
  hear(from: string, message: DetectionMessage): void {
    if (message.kind === 'detected') {
      this.#note(from, message);
      return;
    }
    const { uuid, own, mayTell, send } = this.#parts;
    if (message.from === uuid || !mayTell(message.zone) || !this.#mayAnswer()) return;
    send(from, { kind: 'detected', token: message.token, alive: own() }, message.zone);
  }

  #note(from: string, { token, alive }: DetectionMessage & { kind: 'detected' }): void {
    const found = this.#looks.get(token);
    const { uuid, name, display_name: shown, port, zone, groups, proxy } = alive.record;
    if (found === undefined || uuid === this.#parts.uuid || found.has(uuid)) return;
    if (found.size >= foundLimit || !this.#parts.isSigned(alive)) return;
    // Where it answered from: of its addresses the one that is reached from here.
    const address = from.slice(0, from.lastIndexOf(':')).replace(/^\[|\]$/g, '');
    const display_name = typeof shown === 'string' ? shown : '';
    found.set(uuid, {
      ...{ uuid, name, display_name, address, port, zone },
      groups: [...groups],
      proxy: proxy === true,
    });
  }

  #mayAnswer(): boolean {
    const now = this.#parts.timers.now();
    if (now - this.#answers.sinceMs >= 1000) this.#answers = { sinceMs: now, count: 0 };
    this.#answers.count += 1;
    return this.#answers.count <= answersPerSecond;
  }
}

/** Of the nodes that were found the one to join: a proxy of the zone, else the first one there, else the same of another zone. */
export function bestToJoin(found: readonly Found[], zone: string): Found | undefined {
  const near = found.filter((one) => one.zone === zone);
  const [first] = near.length > 0 ? near : found;
  return (near.length > 0 ? near : found).find(({ proxy }) => proxy) ?? first;
}

/** `host:port` of a node that was found; IPv6 in brackets. */
export function joinEndpoint({ address, port }: Pick<Found, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
