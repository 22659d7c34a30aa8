import { createHash } from 'node:crypto';

/** Where points go: a host, its port, and the name by which several servers of one host are told apart. */
export interface Destination {
  host: string;
  port: number;
  instance: string | null;
}

/** Reads `host:port` or `host:port:instance`, `[address]:port` for IPv6; undefined for anything else. */
export function parseDestination(text: string): Destination | undefined {
  const [, bracketed, plain, digits, instance] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})(?::([\w-]+))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host === undefined || port < 1 || port > 65_535
    ? undefined
    : { host, port, instance: instance ?? null };
}

const replicas = 100;

/**
 * Carbon's ring: which destinations a name belongs to, in order. A name goes where carbon-relay's `consistent-hashing` with the same
 * destinations sends it.
 */
export class HashRing {
  readonly #positions: number[] = [];
  readonly #owners: number[] = [];
  readonly #count: number;

  constructor(destinations: readonly Destination[]) {
    this.#count = destinations.length;
    const taken = new Map<number, number>();
    destinations.forEach(({ host, instance }, index) => {
      // As Python prints a tuple of the two.
      const node = `('${host}', ${instance === null ? 'None' : `'${instance}'`})`;
      for (let replica = 0; replica < replicas; replica += 1) {
        let position = positionOf(`${node}:${replica}`);
        while (taken.has(position)) position += 1;
        taken.set(position, index);
      }
    });
    for (const [position, owner] of [...taken].sort(([one], [other]) => one - other)) {
      this.#positions.push(position);
      this.#owners.push(owner);
    }
  }

  /** The indexes of the `copies` destinations of a name, each once. */
  ownersOf(name: string, copies: number): number[] {
    const size = this.#positions.length;
    const wanted = positionOf(name);
    let at = this.#positions.findIndex((position) => position >= wanted);
    if (at < 0) at = 0;
    const owners: number[] = [];
    // Carbon's own walk ends one step before it has been all the way round.
    for (
      let step = 0;
      step < Math.max(1, size - 1) && owners.length < Math.min(copies, this.#count);
      step += 1
    ) {
      const owner = this.#owners[(at + step) % size]!;
      if (!owners.includes(owner)) owners.push(owner);
    }
    return owners;
  }
}

function positionOf(key: string): number {
  return createHash('md5').update(key).digest().readUInt16BE(0);
}
