/** How points become one when an archive is rolled up into a coarser one, as Whisper numbers it from 1. */
export const aggregationMethods = [
  'average',
  'sum',
  'last',
  'max',
  'min',
  'avg_zero',
  'absmax',
  'absmin',
] as const;

/** One of Whisper's ways to roll up. */
export type AggregationMethod = (typeof aggregationMethods)[number];

/** One resolution of a file and how far it reaches back. */
export interface Retention {
  /** Seconds from one point to the next. */
  step: number;
  points: number;
}

/** One ring of points within a file. */
export interface Archive extends Retention {
  /** Where its first point stands. */
  offset: number;
  /** Its points in bytes. */
  sizeBytes: number;
  /** `step * points`: how many seconds it reaches back. */
  reach: number;
}

/** What the head of a Whisper file says. */
export interface Layout {
  aggregation: AggregationMethod;
  /** How much of a coarser point's time must be known for it to be written, from 0 to 1; a single-precision number. */
  xFilesFactor: number;
  /** How many seconds the coarsest archive reaches back. */
  maxReach: number;
  /** From the finest to the coarsest. */
  archives: Archive[];
  /** The bytes it was read from, or is written as. */
  head: Buffer;
  /** Of the whole file. */
  sizeBytes: number;
}

/** Bytes of a point: its time (unsigned, 32 bits) and its value (double), the most significant byte first. */
export const pointBytes = 12;
const metadataBytes = 16;
const archiveBytes = 12;
/** More archives than anybody configures: what says it has more is no Whisper file. */
const maxArchives = 64;

/** Bytes of a head with so many archives. */
export function headBytes(archives: number): number {
  return metadataBytes + archives * archiveBytes;
}

/** The layout of a new file. Throws a text that says why Whisper would not take these retentions. */
export function makeLayout(
  retentions: readonly Retention[],
  aggregation: AggregationMethod,
  xFilesFactor: number,
): Layout {
  const sorted = [...retentions].sort((one, other) => one.step - other.step);
  const problem = retentionProblem(sorted);
  if (problem !== undefined) throw new Error(problem);
  const head = Buffer.alloc(headBytes(sorted.length));
  head.writeUInt32BE(aggregationMethods.indexOf(aggregation) + 1, 0);
  head.writeUInt32BE(Math.max(...sorted.map(({ step, points }) => step * points)), 4);
  head.writeFloatBE(xFilesFactor, 8);
  head.writeUInt32BE(sorted.length, 12);
  let offset = head.length;
  sorted.forEach(({ step, points }, index) => {
    const at = headBytes(index);
    head.writeUInt32BE(offset, at);
    head.writeUInt32BE(step, at + 4);
    head.writeUInt32BE(points, at + 8);
    offset += points * pointBytes;
  });
  return readLayout(head, head.length)!;
}

/**
 * Reads the head of a file of which `length` bytes are in `bytes`: undefined where it is none that Whisper would read. The archives lie within
 * four GiB, as their offsets do.
 */
export function readLayout(bytes: Buffer, length: number): Layout | undefined {
  if (length < metadataBytes) return undefined;
  const aggregation = aggregationMethods[bytes.readUInt32BE(0) - 1];
  const xFilesFactor = bytes.readFloatBE(8);
  const count = bytes.readUInt32BE(12);
  if (aggregation === undefined || !(xFilesFactor >= 0 && xFilesFactor <= 1)) return undefined;
  if (count === 0 || count > maxArchives || length < headBytes(count)) return undefined;
  const archives: Archive[] = [];
  let sizeBytes = headBytes(count);
  for (let index = 0; index < count; index += 1) {
    const at = headBytes(index);
    const [offset, step, points] = [0, 4, 8].map((more) => bytes.readUInt32BE(at + more)) as [
      number,
      number,
      number,
    ];
    if (step === 0 || points === 0 || offset < headBytes(count)) return undefined;
    archives.push({ offset, step, points, sizeBytes: points * pointBytes, reach: step * points });
    sizeBytes = Math.max(sizeBytes, offset + points * pointBytes);
  }
  const head = Buffer.from(bytes.subarray(0, headBytes(count)));
  return { aggregation, xFilesFactor, maxReach: bytes.readUInt32BE(4), archives, head, sizeBytes };
}

/** Why Whisper would refuse retentions that are sorted by step; undefined where it would not. */
export function retentionProblem(sorted: readonly Retention[]): string | undefined {
  if (sorted.length === 0) return 'no retention is given';
  let bytes = headBytes(sorted.length);
  for (const [index, one] of sorted.entries()) {
    const [name, next] = [textOf(one), sorted[index + 1]];
    bytes += one.points * pointBytes;
    if (!(one.step > 0 && one.points > 0)) return `${name} holds nothing`;
    if (one.step * one.points >= 2 ** 32) return `${name} reaches back further than a file can tell`;
    if (next === undefined) continue;
    const other = textOf(next);
    if (next.step === one.step) return `${name} and ${other} have the same step`;
    if (next.step % one.step !== 0) return `the step of ${other} is no multiple of that of ${name}`;
    if (next.step * next.points <= one.step * one.points)
      return `${other} reaches back no further than the finer ${name}`;
    if (one.points < next.step / one.step) return `${name} is shorter than one point of ${other}`;
  }
  return bytes >= 2 ** 32 ? 'a file of these retentions would have more than 4 GiB' : undefined;
}

function textOf({ step, points }: Retention): string {
  return `${step}s:${step * points}s`;
}
