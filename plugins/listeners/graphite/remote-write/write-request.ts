/** One sample of one series. */
export interface Sample {
  /** Labels as `labelBytes` makes them: those of one series are the same object. */
  labels: Buffer;
  /** Seconds. */
  time: number;
  value: number;
}

const [varint, fixed64, lengthPrefixed] = [0, 1, 2];
/** Tag, double, tag, and a varint of up to six bytes: milliseconds until the year 4,000. */
const maxSampleBytes = 18;

/**
 * The message `prometheus.WriteRequest` of protocol buffers, with nothing but what a sender has to give: `timeseries = 1` of `labels = 1` and
 * `samples = 2`, `value = 1` and `timestamp = 2` of each. https://github.com/prometheus/prometheus/blob/v2.42.0/prompb/types.proto; encoding:
 * https://protobuf.dev/programming-guides/encoding. Samples of one series follow each other, in order of time.
 */
export function writeRequest(samples: readonly Sample[]): Buffer {
  const parts: Buffer[] = [];
  for (let from = 0; from < samples.length; ) {
    const { labels } = samples[from]!;
    let to = from + 1;
    while (to < samples.length && samples[to]!.labels === labels) to += 1;
    const points = Buffer.allocUnsafe((to - from) * (maxSampleBytes + 2));
    let at = 0;
    for (; from < to; from += 1) at = putSample(points, at, samples[from]!);
    parts.push(head(1, labels.length + at), labels, points.subarray(0, at));
  }
  return Buffer.concat(parts);
}

/** Labels, sorted by name, as they stand in a series. */
export function labelBytes(labels: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(
    labels.flatMap(([name, value]) => {
      const texts = [Buffer.from(name), Buffer.from(value)];
      const fields = texts.flatMap((text, index) => [head(index + 1, text.length), text]);
      return [
        head(
          1,
          fields.reduce((sum, { length }) => sum + length, 0),
        ),
        ...fields,
      ];
    }),
  );
}

function putSample(bytes: Buffer, from: number, { time, value }: Sample): number {
  bytes[from] = (2 << 3) | lengthPrefixed;
  let at = from + 2;
  bytes[at] = (1 << 3) | fixed64;
  at = bytes.writeDoubleLE(value, at + 1);
  bytes[at] = (2 << 3) | varint;
  at = putVarint(bytes, at + 1, time * 1000);
  bytes[from + 1] = at - from - 2;
  return at;
}

function head(field: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(10);
  bytes[0] = (field << 3) | lengthPrefixed;
  return bytes.subarray(0, putVarint(bytes, 1, length));
}

function putVarint(bytes: Buffer, from: number, number: number): number {
  let [at, rest] = [from, number];
  // Milliseconds have more than the 32 bits that shifts know.
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128;
  bytes[at] = rest;
  return at + 1;
}
