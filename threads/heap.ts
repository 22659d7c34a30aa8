import { setFlagsFromString } from 'node:v8';

/** From so many objects on, what runs makes more garbage than small heaps can bear. */
const manyObjects = 500;

let isRoomy = false;

/** Asks for a small heap, to be called before anything is loaded that makes garbage. As a flag of the process it could not be taken back whole. */
export function beginSmall(): void {
  setFlagsFromString('--optimize-for-size');
}

/**
 * Lets the heap of a big configuration be used as V8 does: small, a main thread of 3,000 checks a second spent half of its time collecting
 * garbage, up to a second at a stretch. Never taken back. The young generation grows slowly all the same, as the launcher asks: at its usual 16 MiB
 * one collection held the loop for 40 ms, at 4 MiB for half of that, with as many checks a second.
 */
export function sizeHeap(objects: number): void {
  if (isRoomy || objects < manyObjects) return;
  isRoomy = true;
  setFlagsFromString('--no-optimize-for-size');
}
