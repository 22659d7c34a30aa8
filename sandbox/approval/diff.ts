import type { Bundle } from '../bundle.ts';

/** Lines around a change that are shown with it. */
const context = 2;
/** Above so many pairs of lines a comparison line by line takes too long: then all that is not alike at both ends is one change. */
const maxPairs = 4_000_000;

/**
 * What changed from one bundle to another, as a unified diff, file by file in the author's terms, the manifest first. Made of what the two
 * bundles hold, so it is about what runs, whatever the files say now.
 */
export function diffBundles(before: Bundle, after: Bundle): string[] {
  const old = textsOf(before);
  const fresh = textsOf(after);
  const names = [...new Set([...old.keys(), ...fresh.keys()])];
  return names.flatMap((name) => {
    const lines = diffLines(linesOf(old.get(name)), linesOf(fresh.get(name)));
    if (lines.length === 0) return [];
    return [`--- ${old.has(name) ? name : '(none)'}`, `+++ ${fresh.has(name) ? name : '(none)'}`, ...lines];
  });
}

function textsOf({ manifest, map }: Bundle): Map<string, string> {
  const texts = new Map([['manifest', JSON.stringify(manifest, null, 2)]]);
  const { sources = [], sourcesContent = [] } = JSON.parse(map) as {
    sources?: string[];
    sourcesContent?: (string | null)[];
  };
  for (const [index, name] of sources.entries()) {
    const text = sourcesContent[index];
    if (typeof text === 'string') texts.set(name, text);
  }
  return texts;
}

function linesOf(text: string | undefined): string[] {
  return text === undefined ? [] : text.replace(/\n$/, '').split('\n');
}

interface Edit {
  mark: ' ' | '-' | '+';
  text: string;
  /** Counted from 1, in the old and in the new text. */
  old: number;
  fresh: number;
}

/** The changed places of two texts with a few lines around them; nothing when they are equal. */
export function diffLines(before: readonly string[], after: readonly string[]): string[] {
  const edits = compare(before, after);
  const near = edits.map((_, index) =>
    edits.slice(Math.max(0, index - context), index + context + 1).some(({ mark }) => mark !== ' '),
  );
  return edits.flatMap((edit, index) => {
    if (!near[index]) return [];
    const head = near[index - 1] === true ? [] : [`@@ -${edit.old} +${edit.fresh} @@`];
    return [...head, `${edit.mark}${edit.text}`];
  });
}

function compare(before: readonly string[], after: readonly string[]): Edit[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const edits: Edit[] = [];
  let old = 1;
  let fresh = 1;
  const add = (mark: Edit['mark'], text: string): void => {
    edits.push({ mark, text, old, fresh });
    if (mark !== '+') old += 1;
    if (mark !== '-') fresh += 1;
  };
  for (const text of before.slice(0, start)) add(' ', text);
  align(before.slice(start, before.length - end), after.slice(start, after.length - end), add);
  for (const text of before.slice(before.length - end)) add(' ', text);
  return edits;
}

/** By the longest common subsequence: `lengths` has that of the rests from each pair of lines on. */
function align(
  before: readonly string[],
  after: readonly string[],
  add: (mark: Edit['mark'], text: string) => void,
): void {
  const width = after.length + 1;
  const isLarge = before.length * after.length > maxPairs;
  const lengths = new Uint32Array(isLarge ? 0 : (before.length + 1) * width);
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0 && !isLarge; row -= 1)
    for (let column = after.length - 1; column >= 0; column -= 1)
      lengths[row * width + column] =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    if (row < before.length && column < after.length && before[row] === after[column] && !isLarge) {
      add(' ', before[row] as string);
      row += 1;
      column += 1;
    } else if (
      row < before.length &&
      (column === after.length || isLarge || at(row + 1, column) >= at(row, column + 1))
    ) {
      add('-', before[row] as string);
      row += 1;
    } else {
      add('+', after[column] as string);
      column += 1;
    }
  }
}
