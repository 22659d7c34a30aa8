import { groupOf } from './group.ts';
import type { Alert, HandlerPolicy } from './model.ts';

/** The alerts of one group of one handler. */
export interface Unit {
  handler: string;
  group: string;
  checks: Set<string>;
  /** Since when it needs to be told something. */
  needAt: number | null;
  nextAt: number | null;
  /** Something in it changed since its last look began. */
  isTouched: boolean;
}

/** Which alerts belong together for which handler. */
export class Units {
  readonly #units = new Map<string, Unit>();
  readonly #of = new Map<string, string[]>();
  readonly #node: string;

  /** `node` is the name of the node whose alerts they are. */
  constructor(node: string) {
    this.#node = node;
  }

  get(key: string): Unit | undefined {
    return this.#units.get(key);
  }

  has(key: string): boolean {
    return this.#units.has(key);
  }

  keys(): string[] {
    return [...this.#units.keys()];
  }

  delete(key: string): void {
    this.#units.delete(key);
  }

  /** The keys of units that are due. */
  due(now: number): string[] {
    const due: string[] = [];
    for (const [key, { nextAt }] of this.#units) if (nextAt !== null && nextAt <= now) due.push(key);
    return due;
  }

  /** When the next unit is due; null when none waits for time. */
  nextAt(): number | null {
    let next = Number.POSITIVE_INFINITY;
    for (const { nextAt } of this.#units.values()) if (nextAt !== null && nextAt < next) next = nextAt;
    return next === Number.POSITIVE_INFINITY ? null : next;
  }

  /** The keys of a check's units. */
  of(check: string): string[] {
    return this.#of.get(check) ?? [];
  }

  /** Puts an alert into the unit of each handler, and takes it out of those it was in. */
  index(alert: Alert, handlers: readonly HandlerPolicy[]): string[] {
    for (const key of this.of(alert.check)) this.#units.get(key)?.checks.delete(alert.check);
    const keys = handlers.map((handler) => {
      const group = groupOf(handler, alert, this.#node);
      const key = unitKey(handler.id, group);
      let unit = this.#units.get(key);
      if (unit === undefined) {
        unit = {
          handler: handler.id,
          group,
          checks: new Set<string>(),
          needAt: null,
          nextAt: null,
          isTouched: false,
        };
        this.#units.set(key, unit);
      }
      unit.checks.add(alert.check);
      return key;
    });
    this.#of.set(alert.check, keys);
    return keys;
  }

  /** Takes a check out of its units, and gives their handlers. */
  remove(check: string): string[] {
    const handlers = this.of(check).flatMap((key) => {
      const unit = this.#units.get(key);
      unit?.checks.delete(check);
      if (unit?.checks.size === 0) this.#units.delete(key);
      return unit === undefined ? [] : [unit.handler];
    });
    this.#of.delete(check);
    return handlers;
  }
}

/** Names a group, or a check, of a handler. */
export function unitKey(handler: string, group: string): string {
  return `${handler}\n${group}`;
}
