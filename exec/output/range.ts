import { parseNumber } from './number.ts';

/** A threshold as Nagios plugins write it: they alert outside of `start` to `end`, or inside when `inside` is set. */
export interface Range {
  /** null: no lower end. */
  start: number | null;
  /** null: no upper end. */
  end: number | null;
  inside: boolean;
  /** As the plugin wrote it, without spaces around it. */
  text: string;
}

/** Reads `10`, `10:`, `~:10`, `10:20` and `@10:20`; null for what is none, such as a start above the end. Total. */
export function parseRange(written: string): Range | null {
  const text = written.trim();
  const inside = text.startsWith('@');
  const ends = text.slice(inside ? 1 : 0).split(':', 3);
  if (ends.length > 2) return null;
  const [first = '', second] = ends;
  const start = second === undefined || first === '' ? 0 : bound(first, '~');
  const end = bound(second ?? first, second === undefined ? null : '');
  if (start === undefined || end === undefined || (start !== null && end !== null && start > end))
    return null;
  return { start, end, inside, text };
}

/** A number, null where `open` stands for no end, undefined for anything else. */
function bound(text: string, open: '~' | '' | null): number | null | undefined {
  return text === open ? null : parseNumber(text)?.value;
}
