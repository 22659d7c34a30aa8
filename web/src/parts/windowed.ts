/** Which rows of a windowed list are drawn. `last` is behind the last one. */
export interface Stretch {
  first: number;
  last: number;
}

const spare = 8;

/** The rows that can be seen when `top` pixels are scrolled away, and some on both sides. */
export function stretchOf(count: number, rowHeight: number, top: number, height: number): Stretch {
  const first = Math.max(0, Math.floor(top / rowHeight) - spare);
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + spare);
  return { first: Math.min(first, Math.max(0, last - 1)), last };
}
