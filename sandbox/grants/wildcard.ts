/** What a person who judges a pattern does not see, or sees in another order. */
export const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** In a pattern: a number of what is matched, also none. */
export const any = '**';
/** In a pattern: exactly one, whichever it is. */
export const one = '??';

/**
 * Whether `pattern` covers `subject`, item by item; `isAny` tells the items that stand for any number. Keeps only the latest such item to come
 * back to, so that the time is bounded by the product of both lengths.
 */
export function covers<P, S>(
  pattern: readonly P[],
  subject: readonly S[],
  isAny: (item: P) => boolean,
  fits: (item: P, of: S) => boolean,
): boolean {
  let at = 0;
  let star = -1;
  let from = 0;
  for (let index = 0; index < subject.length; ) {
    const item = pattern[at];
    if (at < pattern.length && isAny(item as P)) {
      star = at;
      from = index;
      at += 1;
    } else if (at < pattern.length && fits(item as P, subject[index] as S)) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      from += 1;
      index = from;
    } else return false;
  }
  while (at < pattern.length && isAny(pattern[at] as P)) at += 1;
  return at === pattern.length;
}

/** A word in which `*` stands for anything and, where the grammar has it, `?` for one character. Others stand for themselves. */
export type Word = readonly string[];

/** Reads a word of a pattern. */
export function parseWord(text: string, signs: '*' | '*?'): Word {
  const items = [...text].map((char) => (char === '*' ? any : char === '?' && signs === '*?' ? one : char));
  return items.filter((item, index) => item !== any || items[index - 1] !== any);
}

const isAnyText = (item: string): boolean => item === any;

/** Whether a text is one that the word stands for. */
export function matchesWord(word: Word, text: string): boolean {
  return covers(word, [...text], isAnyText, (item, char) => item === one || item === char);
}

/** Whether every text that `inner` stands for is one that `outer` stands for. May miss one that is, never claims one that is not. */
export function includesWord(outer: Word, inner: Word): boolean {
  return covers(outer, inner, isAnyText, (item, of) => (item === one ? of !== any : item === of));
}
