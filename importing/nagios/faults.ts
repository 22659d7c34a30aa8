import type { Fault, Place } from './model.ts';

const maxFaults = 1000;

/** Gathers what is wrong with a source: the first thousand, and how many more there were. */
export class Faults {
  readonly list: Fault[] = [];
  dropped = 0;

  add(place: Place, message: string): undefined {
    if (this.list.length < maxFaults) this.list.push({ place, message });
    else this.dropped += 1;
  }
}
