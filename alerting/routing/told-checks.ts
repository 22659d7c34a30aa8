import { toldKey } from './memory.ts';
import type { Told } from './model.ts';

/** What each handler was told of each check last. */
export class ToldChecks {
  readonly #told = new Map<string, Map<string, Told>>();

  of(handler: string, check: string): Told | undefined {
    return this.#told.get(handler)?.get(check);
  }

  /** Whether any handler was told of a check. */
  has(check: string): boolean {
    for (const told of this.#told.values()) if (told.has(check)) return true;
    return false;
  }

  /** Checks that some handler was told of. */
  checks(): string[] {
    return [...this.#told.values()].flatMap((told) => [...told.keys()]);
  }

  set(handler: string, check: string, last: Told): void {
    const told = this.#told.get(handler) ?? new Map<string, Told>();
    this.#told.set(handler, told);
    told.set(check, last);
  }

  /** Gives the store's key of it. */
  delete(handler: string, check: string): string {
    this.#told.get(handler)?.delete(check);
    return toldKey(handler, check);
  }

  /** Forgets what any handler was told of a check. Gives the store's keys of that. */
  deleteCheck(check: string): string[] {
    const handlers = [...this.#told].filter(([, told]) => told.has(check));
    return handlers.map(([handler]) => this.delete(handler, check));
  }

  /** Forgets what other handlers than these were told. Gives the store's keys of that. */
  keepHandlers(handlers: ReadonlySet<string>): string[] {
    const gone: string[] = [];
    for (const [handler, told] of this.#told) {
      if (handlers.has(handler)) continue;
      this.#told.delete(handler);
      for (const check of told.keys()) gone.push(toldKey(handler, check));
    }
    return gone;
  }
}
