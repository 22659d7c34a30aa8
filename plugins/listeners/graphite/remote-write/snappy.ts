const blockBytes = 65_536;
const hashBits = 14;
const longestCopy = 64;

/**
 * Compresses into snappy's block format, without its framing: https://github.com/google/snappy/blob/main/format_description.txt. Looks for
 * repetitions within blocks of 64 KiB, as the reference does.
 */
export function snappyOf(bytes: Uint8Array): Buffer {
  // The reference's bound for what cannot be compressed.
  const out = Buffer.allocUnsafe(32 + bytes.length + Math.ceil(bytes.length / 6));
  let at = 0;
  let rest = bytes.length;
  for (; rest > 127; rest >>>= 7) out[at++] = (rest & 127) | 128;
  out[at++] = rest;
  const table = new Uint16Array(2 ** hashBits);
  for (let from = 0; from < bytes.length; from += blockBytes)
    at = compressBlock(bytes, from, Math.min(bytes.length, from + blockBytes), out, at, table);
  return out.subarray(0, at);
}

function compressBlock(
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Buffer,
  outAt: number,
  table: Uint16Array,
): number {
  table.fill(0);
  let at = outAt;
  let literal = from;
  let place = from + 1;
  while (place + 4 <= to) {
    const word = wordAt(bytes, place);
    const hash = Math.imul(word, 0x1e35a7bd) >>> (32 - hashBits);
    const found = from + table[hash]!;
    table[hash] = place - from;
    if (wordAt(bytes, found) !== word) {
      // The longer nothing repeats, the larger the steps.
      place += 1 + ((place - literal) >> 5);
      continue;
    }
    let end = place + 4;
    while (end < to && bytes[end] === bytes[found + end - place]) end += 1;
    at = putLiteral(bytes, literal, place, out, at);
    at = putCopy(place - found, end - place, out, at);
    place = end;
    literal = end;
  }
  return putLiteral(bytes, literal, to, out, at);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function putLiteral(bytes: Uint8Array, from: number, to: number, out: Buffer, outAt: number): number {
  const last = to - from - 1;
  let at = outAt;
  if (last < 0) return at;
  if (last < 60) out[at++] = last << 2;
  else {
    out[at++] = 61 << 2;
    at = out.writeUInt16LE(last, at);
  }
  out.set(bytes.subarray(from, to), at);
  return at + last + 1;
}

/** Copies with an offset of two bytes do for any length up to 64. */
function putCopy(offset: number, length: number, out: Buffer, outAt: number): number {
  let at = outAt;
  for (let left = length; left > 0; left -= longestCopy) {
    out[at] = ((Math.min(left, longestCopy) - 1) << 2) | 2;
    at = out.writeUInt16LE(offset, at + 1);
  }
  return at;
}
