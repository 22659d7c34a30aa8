/** Phases are multiples of a tick, so that what is due in one shares a slot. Wider, and jobs that are due together would ask for threads. */
const gridMs = 50;

/**
 * The offset of an object's due times inside its interval, in ms: an FNV-1a hash of its id, so a restart neither bunches
 * objects nor moves them (http://www.isthe.com/chongo/tech/comp/fnv/).
 */
export function phaseOf(id: string, intervalMs: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  const phaseMs = (hash >>> 0) % intervalMs;
  return phaseMs - (phaseMs % gridMs);
}

/** The first due time after `nowMs`: a multiple of the interval plus the phase, so runs never drift. */
export function nextDue(nowMs: number, intervalMs: number, phaseMs: number): number {
  const elapsed = Math.floor((nowMs - phaseMs) / intervalMs) + 1;
  return elapsed * intervalMs + phaseMs;
}
