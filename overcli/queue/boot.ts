import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** A moment, on two clocks: one may be set, the other ends with the machine. */
export interface Moment {
  /** Milliseconds since 1970. */
  wallMs: number;
  /** Seconds since the machine started. */
  uptimeS: number;
  /** Which start of the machine that was; empty where the system does not tell. */
  boot: string;
}

/** The present one. Which start of the machine it is in is read when it is asked for: most reports never are queued. */
export function thisMoment(): Moment {
  return {
    wallMs: Date.now(),
    uptimeS: uptime(),
    get boot() {
      return bootId();
    },
  };
}

/** Seconds from one moment to a later one. A clock that was set in between counts only where the machine was started anew. */
export function secondsBetween(earlier: Moment, later: Moment): number {
  const sameBoot = earlier.boot !== '' && earlier.boot === later.boot;
  const seconds = sameBoot ? later.uptimeS - earlier.uptimeS : (later.wallMs - earlier.wallMs) / 1000;
  return Math.max(0, seconds);
}

let known: string | undefined;

/** What names this start of the machine; empty where nothing does. */
export function bootId(): string {
  if (known === undefined) {
    try {
      known = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    } catch {
      known = '';
    }
  }
  return known;
}
