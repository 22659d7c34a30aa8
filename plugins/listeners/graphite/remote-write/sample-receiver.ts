/** A series as a receiver reads it. */
export interface ReadSeries {
  labels: { [name: string]: string };
  /** Milliseconds and value. */
  samples: [time: number, value: number][];
}

/** Undoes snappy's block format, for tests. Throws on what is none. */
export function unsnappy(bytes: Uint8Array): Buffer {
  let [at, size, shift] = [0, 0, 0];
  for (; ; shift += 7) {
    const byte = bytes[at++]!;
    size += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
  }
  const out: number[] = [];
  while (at < bytes.length) {
    const tag = bytes[at++]!;
    if ((tag & 3) === 0) {
      let length = (tag >> 2) + 1;
      if (length > 60) {
        const extra = length - 60;
        length = Buffer.from(bytes.subarray(at, at + extra)).readUIntLE(0, extra) + 1;
        at += extra;
      }
      out.push(...bytes.subarray(at, at + length));
      at += length;
    } else if ((tag & 3) === 2) {
      const offset = bytes[at]! | (bytes[at + 1]! << 8);
      at += 2;
      if (offset === 0 || offset > out.length) throw new Error(`an offset of ${offset}`);
      for (let left = (tag >> 2) + 1; left > 0; left -= 1) out.push(out.at(-offset)!);
    } else throw new Error('a tag that is not written here');
  }
  if (out.length !== size) throw new Error(`${out.length} bytes, and not ${size}`);
  return Buffer.from(out);
}

/** The series of a request. */
export function readRequest(body: Uint8Array): ReadSeries[] {
  return fieldsOf(unsnappy(body)).map(({ bytes }) => {
    const series: ReadSeries = { labels: {}, samples: [] };
    for (const { field, bytes: part } of fieldsOf(bytes)) {
      const [one, other] = fieldsOf(part);
      if (field === 1) series.labels[one!.bytes.toString()] = other!.bytes.toString();
      else series.samples.push([other!.number, one!.number]);
    }
    return series;
  });
}

function fieldsOf(bytes: Buffer): { field: number; bytes: Buffer; number: number }[] {
  const found: { field: number; bytes: Buffer; number: number }[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const none = Buffer.alloc(0);
    if ((tag & 7) === 0) found.push({ field: tag >> 3, bytes: none, number: varint() });
    else if ((tag & 7) === 1) {
      found.push({ field: tag >> 3, bytes: none, number: bytes.readDoubleLE(at) });
      at += 8;
    } else {
      const length = varint();
      found.push({ field: tag >> 3, bytes: bytes.subarray(at, at + length), number: 0 });
      at += length;
    }
  }
  return found;
}
