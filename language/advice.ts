/** How other languages spell what Python spells otherwise, as it stands where reading ends, and what to write. */
const spellings: [foreign: RegExp, advice: string][] = [
  [/^&&/, "write 'and'"],
  [/^\|\|/, "write 'or'"],
  [/^!(?!=)/, "write 'not'"],
  [/^(===|!==)/, "write '==' or '!='"],
  [/^(AND|OR|NOT)\b/, 'write it in small letters'],
  [/^\?/, "write 'A if CONDITION else B'"],
  [/^\$[\w.]+\$/, 'macros are for scripts; write {{…}}'],
  [/^\$/, 'values are written {{…}}'],
];
/** Two braces before a path; or one before a path in braces of its own, which stands here as a private-use character. */
const openPlaceholder = /\{(?:\{\s*[A-Za-z_]\w*\s*\.|\ue000)/;
/** The grammar reads the beginning of these as an operator of its own. */
const longest = 3;

/** What to write where an expression cannot be read on from `at`, begun with `; `; '' where nobody can tell. */
export function adviceAt(text: string, at: number): string {
  if (text.slice(at).trim() === '' && openPlaceholder.test(text)) return "; a '{{' is not closed by '}}'";
  for (let from = at; from >= Math.max(0, at - longest + 1); from -= 1) {
    const found = spellings.find(([foreign]) => {
      const match = foreign.exec(text.slice(from));
      return match !== null && from + match[0].length > at;
    });
    if (found !== undefined) return `; ${found[1]}`;
  }
  return '';
}

/** The same of a statement in the place of an expression. */
export function statementAdvice(text: string): string {
  return /^[^=]*[^=!<>]=[^=]/.test(text) ? "; to compare write '=='" : '';
}
