const encoder = new TextEncoder();
const zero = 48;

/** Text of an answer as bytes, written number by number: joining millions of short strings would cost more than making them. */
export class ByteWriter {
  #bytes: Buffer;
  #at = 0;

  /** Room for so many bytes at first. */
  constructor(sizeBytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(64, sizeBytes));
  }

  /** Takes back the last bytes that were written. */
  drop(count: number): void {
    this.#at -= count;
  }

  text(text: string): void {
    this.#reserve(text.length * 3);
    this.#at += encoder.encodeInto(text, this.#bytes.subarray(this.#at)).written;
  }

  /**
   * Values in JSON, each in a bracket with what follows it: `width` bytes of `tails`, one after the other. What is no finite number is null, or
   * left out.
   */
  points(values: Float64Array, tails: Uint8Array, width: number, leavesOut: boolean): number {
    let written = 0;
    this.#reserve(values.length * (width + 28));
    const bytes = this.#bytes;
    let at = this.#at;
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index]!;
      const isNumber = value - value === 0;
      if (leavesOut && !isNumber) continue;
      bytes[at] = 91;
      at = isNumber ? writeNumber(bytes, at + 1, value) : writeAscii(bytes, at + 1, 'null');
      const from = index * width;
      for (let place = 0; place < width; place += 1) bytes[at + place] = tails[from + place]!;
      at += width;
      written += 1;
    }
    this.#at = at;
    return written;
  }

  /** What was written. Nothing more may be. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** Writes a finite number so that reading gives the same one. Returns the place after it. */
function writeNumber(bytes: Buffer, at: number, value: number): number {
  const whole = value | 0;
  if (whole !== value) return writeAscii(bytes, at, String(value));
  let from = at;
  let rest = whole;
  if (rest < 0) {
    bytes[from] = 45;
    from += 1;
    rest = -rest;
  }
  let end = from + 1;
  for (let power = 10; power <= rest; power *= 10) end += 1;
  for (let place = end - 1; place >= from; place -= 1) {
    const next = Math.floor(rest / 10);
    bytes[place] = zero + rest - next * 10;
    rest = next;
  }
  return end;
}

function writeAscii(bytes: Buffer, at: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) bytes[at + index] = text.charCodeAt(index);
  return at + text.length;
}
