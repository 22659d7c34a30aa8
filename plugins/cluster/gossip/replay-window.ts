/** Sequences behind the highest one that are still told apart. */
const windowSize = 1024;

/** The sequences seen of one sender and boot: each is let in once, and none that is older than the window. */
export class ReplayWindow {
  #highest = -1;
  readonly #seen = new Uint32Array(windowSize / 32);

  /** Whether the sequence is new; if so it is not from now on. Call only once the packet's tag is known to be right. */
  admit(sequence: number): boolean {
    if (sequence > this.#highest) {
      this.#forget(sequence);
      this.#highest = sequence;
    } else if (sequence <= this.#highest - windowSize) return false;
    const slot = sequence % windowSize;
    const bit = 1 << (slot % 32);
    const at = slot >> 5;
    if (((this.#seen[at] ?? 0) & bit) !== 0) return false;
    this.#seen[at] = (this.#seen[at] ?? 0) | bit;
    return true;
  }

  /** Clears the bits of the sequences that come into the window. */
  #forget(sequence: number): void {
    if (sequence - this.#highest >= windowSize) {
      this.#seen.fill(0);
      return;
    }
    for (let next = this.#highest + 1; next <= sequence; next += 1) {
      const slot = next % windowSize;
      const at = slot >> 5;
      this.#seen[at] = (this.#seen[at] ?? 0) & ~(1 << (slot % 32));
    }
  }
}
