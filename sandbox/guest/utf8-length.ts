/** The most a text can take as UTF-8: stands in for `Buffer.byteLength`, which the guest has not. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const { length } of text.split(/[\0-\x7f]+/)) bytes += length;
  return text.length + bytes * 2;
}
