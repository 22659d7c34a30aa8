import { setFlagsFromString } from 'node:v8';

/** From so many objects on, what runs makes more garbage than small heaps can bear. */
const manyObjects = 500;

let isRoomy = false;

/**
 * Gives a big configuration V8's usual heaps in place of the small ones that the launcher asks for: with those a main thread of 3,000 checks a
 * second spent half of its time collecting garbage, up to a second at a stretch. Never taken back.
 */
export function sizeHeap(objects: number): void {
  if (isRoomy || objects < manyObjects) return;
  isRoomy = true;
  setFlagsFromString('--no-optimize-for-size');
  setFlagsFromString('--semi-space-growth-factor=2');
}
