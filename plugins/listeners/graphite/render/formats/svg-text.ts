/** Text inside an element or an attribute; what no XML may hold becomes a replacement character. */
export function escaped(text: string): string {
  return text
    .replace(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      '\ufffd',
    )
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** A place in the picture: a tenth of a pixel is fine enough. */
export function place(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** A text of at most so many characters. */
export function shortened(text: string, most: number): string {
  const count = Math.max(4, Math.floor(most));
  return text.length <= count ? text : `${text.slice(0, count - 1)}…`;
}
