/** Bounds on what a node may make of a name and of an output. */
const nameChars = 120;

/**
 * A name of a group, a zone or a check as every tool reads it: letters, digits and `_.:@-`, never first a sign that means something to a list of
 * Nagios (`+` adds, `!` excludes). Anything else becomes `_`; it is never empty and has at most 120 characters.
 */
export function objectName(text: string): string {
  return bounded(text.replace(/[^\p{L}\p{N}_.:@-]/gu, '_').replace(/^[^\p{L}\p{N}_]/u, '_'));
}

/** A name that people read: as `objectName`, with spaces, `/`, `+` and parentheses inside. */
export function displayName(text: string): string {
  const clean = text.replace(/[^\p{L}\p{N}_.:@/()+ -]/gu, '_').trim();
  return bounded(clean.replace(/^[^\p{L}\p{N}_(]/u, '_'));
}

function bounded(text: string): string {
  return text === '' ? '_' : [...text].slice(0, nameChars).join('');
}

/**
 * The output of a check in one line of a command: line ends as the two characters `\n`, which Nagios turns back. `|` would begin perfdata and
 * becomes `/`; `$` would begin a macro and becomes `_`; a backtick becomes a quote, `\` becomes `/`, a control character a space.
 */
export function outputText(text: string): string {
  const lines = text
    .trim()
    .split(/\r\n|[\n\r\u0085\u2028\u2029]/)
    .map((line) => plain(line).replaceAll('|', '/'));
  return lines.join('\\n') || '(no output)';
}

/** Figures in one line of a command. */
export function perfdataText(text: string): string {
  return plain(text).replaceAll('|', '_').trim();
}

function plain(line: string): string {
  return (
    line
      .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
      // Half of a pair is no character, and has no bytes of its own.
      .replace(/\p{Cs}/gu, '?')
      .replaceAll('$', '_')
      .replaceAll('`', "'")
      .replaceAll('\\', '/')
  );
}

/** As many of the first bytes of a text, in UTF-8, as fit, without half a character at the end. */
export function firstBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = Math.max(0, bytes);
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return encoded.toString('utf8', 0, end);
}
