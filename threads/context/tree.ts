import type { Json, JsonObject } from 'opsbro/sdk';
import type { ErrorCode } from '../../core/errors.ts';
import { OpsbroError } from '../../core/errors.ts';

/** How large a tree may be. */
export interface TreeLimits {
  depth: number;
  leaves: number;
  /** Of one string or key, UTF-8. */
  stringBytes: number;
  /** Of all keys and values together, about. */
  totalBytes: number;
  /** What a breach is called. */
  code: ErrorCode;
  /** `drop`: NaN and the infinities are left out (null in a list) and counted. `refuse`: they are a breach. */
  notFinite: 'drop' | 'refuse';
}

/** The limits of what a verb returns. */
export const resultLimits: TreeLimits = {
  depth: 32,
  leaves: 20_000,
  stringBytes: 64 * 1024,
  totalBytes: 4 * 1024 * 1024,
  code: 'OPSBRO_PLUGIN_RESULT',
  notFinite: 'drop',
};

/** The limits of `ctx.state`. */
export const stateLimits: TreeLimits = {
  depth: 32,
  leaves: 20_000,
  stringBytes: 256 * 1024,
  totalBytes: 256 * 1024,
  code: 'OPSBRO_PLUGIN_STATE',
  notFinite: 'refuse',
};

/** The limits of what a sandboxed plugin hands to one call of the host. */
export const argumentLimits: TreeLimits = {
  depth: 16,
  leaves: 20_000,
  stringBytes: 1024 * 1024,
  totalBytes: 2 * 1024 * 1024,
  code: 'OPSBRO_PLUGIN_RESULT',
  notFinite: 'drop',
};

/**
 * A copy made of plain data only. `dropped` counts the numbers that were left out because they are not finite, `bytes` is what it takes, about.
 */
export interface TreeCopy {
  value: Json;
  dropped: number;
  bytes: number;
}

/**
 * Copies what a plugin handed over into plain data, or throws an error that names the path and what was found there.
 * `undefined` is left out, as in JSON; a top-level `undefined` is null. Objects of the copy have no prototype, so a key such as `__proto__`
 * is data. Getters and proxies run in the caller's thread, once; what they throw is a breach.
 */
export function copyTree(value: unknown, limits: TreeLimits): TreeCopy {
  const copy = new Copy(limits);
  const plain = copy.any(value) ?? null;
  return { value: plain, dropped: copy.dropped, bytes: copy.bytes };
}

const nodeBytes = 16;

class Copy {
  dropped = 0;
  bytes = 0;
  readonly #limits: TreeLimits;
  readonly #path: (string | number)[] = [];
  readonly #parents: object[] = [];
  #leaves = 0;

  constructor(limits: TreeLimits) {
    this.#limits = limits;
  }

  any(value: unknown): Json | undefined {
    if (typeof value === 'object' && value !== null) return this.#container(value);
    if (value === undefined) return undefined;
    this.#leaves += 1;
    if (this.#leaves > this.#limits.leaves) this.#refuse(`more than ${this.#limits.leaves} values`);
    this.#spend(nodeBytes);
    if (typeof value === 'number') return this.#number(value);
    if (typeof value === 'string') return this.#string(value);
    if (typeof value === 'boolean' || value === null) return value;
    return this.#refuse(`a ${typeof value}`);
  }

  #number(value: number): number | undefined {
    if (Number.isFinite(value)) return value;
    if (this.#limits.notFinite === 'refuse') this.#refuse(String(value));
    this.dropped += 1;
    return undefined;
  }

  #string(value: string): string {
    const limit = this.#limits.stringBytes;
    // A UTF-16 unit takes at most three bytes, so most strings need no count.
    if (value.length > limit || (value.length * 3 > limit && Buffer.byteLength(value) > limit)) {
      this.#refuse(`a string over ${limit} bytes`);
    }
    this.#spend(value.length);
    return value;
  }

  #container(value: object): Json {
    if (this.#parents.includes(value)) this.#refuse('a cycle');
    if (this.#parents.length >= this.#limits.depth)
      this.#refuse(`a tree deeper than ${this.#limits.depth} levels`);
    this.#spend(nodeBytes);
    this.#parents.push(value);
    try {
      return Array.isArray(value) ? this.#list(value) : this.#object(value);
    } catch (thrown) {
      if (thrown instanceof OpsbroError) throw thrown;
      return this.#refuse('a value that cannot be read');
    } finally {
      this.#parents.pop();
    }
  }

  #list(list: unknown[]): Json[] {
    const { length } = list;
    if (length > this.#limits.leaves) this.#refuse(`a list of ${length} values`);
    const copy: Json[] = [];
    for (let index = 0; index < length; index += 1) {
      this.#path.push(index);
      copy.push(this.any(list[index]) ?? null);
      this.#path.pop();
    }
    return copy;
  }

  #object(object: object): JsonObject {
    const prototype: unknown = Object.getPrototypeOf(object);
    if (prototype !== Object.prototype && prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      this.#refuse(`an instance of ${className(prototype as object)}`);
    }
    const copy = Object.create(null) as JsonObject;
    for (const key of Object.keys(object)) {
      this.#path.push(key.length > 64 ? `${key.slice(0, 64)}…` : key);
      const value = this.any((object as Record<string, unknown>)[key]);
      if (value !== undefined) copy[this.#string(key)] = value;
      this.#path.pop();
    }
    return copy;
  }

  #spend(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > this.#limits.totalBytes) this.#refuse(`more than ${this.#limits.totalBytes} bytes`);
  }

  #refuse(found: string): never {
    const where = this.#path.length === 0 ? 'the value itself' : `'${this.#path.join('.')}'`;
    throw new OpsbroError(
      this.#limits.code,
      `${where} is ${found}; only plain data within the limits is taken`,
      {
        data: { path: this.#path.join('.') },
      },
    );
  }
}

function className(prototype: object): string {
  const maker: unknown = prototype.constructor;
  return typeof maker === 'function' && typeof maker.name === 'string' ? maker.name.slice(0, 64) : 'a class';
}
