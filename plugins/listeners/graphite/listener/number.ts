/** What Python's `float` takes, without its words for what is no finite number. */
const python = /^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d+)?$/i;
const notFinite = /^[+-]?(nan|inf|infinity)$/i;

/**
 * A number as carbon reads it, the slow way: NaN for what is none that can be kept (`nan`, `inf`, too large), undefined for what is no number at
 * all.
 */
export function readNumber(text: string): number | undefined {
  if (notFinite.test(text)) return Number.NaN;
  if (!python.test(text)) return undefined;
  const value = Number(text.replaceAll('_', ''));
  return Number.isFinite(value) ? value : Number.NaN;
}

/** The second of a time as carbon takes it: whole, and now for what is -1 then. */
export function secondOf(time: number, now: () => number): number {
  const whole = Math.trunc(time);
  return whole === -1 ? now() : whole;
}
