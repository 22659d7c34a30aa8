import type { Fault, Place } from './model.ts';

const maxFaults = 1000;

/** Gathers what is wrong with a source: the first thousand, and how many more there were. The same about a line is said once. */
export class Faults {
  readonly list: Fault[] = [];
  dropped = 0;
  private readonly said = new Set<string>();

  add(place: Place, message: string): undefined {
    const key = `${place.file}\0${place.line}\0${message}`;
    if (this.said.has(key)) return;
    if (this.list.length >= maxFaults) this.dropped += 1;
    else {
      this.said.add(key);
      this.list.push({ place, message });
    }
  }
}
