import { counted } from '../series/aggregates.ts';
import { joined } from '../series/consolidation.ts';
import type { Series } from '../series/series.ts';
import { ByteWriter } from './byte-writer.ts';

const zero = 48;
const comma = 44;

/** What a JSON answer leaves out. */
export interface JsonOptions {
  /** At most about so many points a series; more are joined, each series' own way. */
  maxDataPoints?: number;
  /** Leaves out points without a value, and series without any. */
  noNullPoints?: boolean;
}

/** A list of `{target, tags, datapoints: [[value, time], …]}`, as Graphite answers it. What is no finite number is null. */
export function jsonOf(
  list: readonly Series[],
  { maxDataPoints, noNullPoints = false }: JsonOptions,
): Uint8Array {
  const span = spanOf(list);
  const leavesOut = noNullPoints && maxDataPoints === undefined;
  const written = list.map((series) =>
    maxDataPoints === undefined ? plain(series) : fewer(series, span, maxDataPoints),
  );
  const count = written.reduce((sum, { values }) => sum + values.length, 0);
  const writer = new ByteWriter(count * 36 + list.length * 300);
  const stamps = new Stamps();
  let separator = '';
  writer.text('[');
  for (const [index, points] of written.entries()) {
    if (leavesOut && counted(points.values) === 0) continue;
    const { name, tags } = list[index]!;
    writer.text(
      `${separator}{"target":${JSON.stringify(name)},"tags":${JSON.stringify(tags)},"datapoints":[`,
    );
    const { bytes, width } = stamps.of(points);
    // The comma after the last point goes.
    if (writer.points(points.values, bytes, width, leavesOut) > 0) writer.drop(1);
    writer.text(']}');
    separator = ',';
  }
  writer.text(']');
  return writer.bytes();
}

/** Points as they are written: the value at `start + index * step` is `values[index]`. */
export interface WrittenPoints {
  start: number;
  step: number;
  values: Float64Array;
}

/** The points of a series up to its end. */
export function plain({ start, end, step, values }: Series): WrittenPoints {
  const count = Math.max(0, Math.floor((end - start) / step) + 1);
  return { start, step, values: values.length > count ? values.subarray(0, count) : values };
}

/** Seconds from the first point of all to the last. */
function spanOf(list: readonly Series[]): number {
  let [start, end] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const series of list) {
    start = Math.min(start, series.start);
    end = Math.max(end, series.end);
  }
  return end - start;
}

/** Points joined so that few enough are left. They begin at a multiple of their step, so that a refresh joins the same ones. */
function fewer(series: Series, span: number, most: number): WrittenPoints {
  const { start, end, step, values, consolidation } = series;
  const share = series.xFilesFactor ?? 0;
  if (most === 1)
    return { start, step, values: joined(values, Math.max(1, values.length), consolidation, share) };
  const expected = span / step;
  if (most >= expected) return plain(series);
  const size = Math.ceil(expected / most);
  const longStep = size * step;
  const nudge = longStep + (start % step) - (start % longStep);
  const skipped = Math.max(0, Math.trunc(nudge / step) - 1);
  const all = joined(values.subarray(skipped), size, consolidation, share);
  return plain({ ...series, start: start + nudge, end, step: longStep, values: all });
}

/** What follows each value, by start and step: most series of an answer share it. */
class Stamps {
  readonly #known = new Map<string, { bytes: Uint8Array; width: number; count: number }>();

  of({ start, step, values }: WrittenPoints): { bytes: Uint8Array; width: number } {
    const key = `${start} ${step}`;
    const known = this.#known.get(key);
    if (known !== undefined && known.count >= values.length) return known;
    const { bytes, width } = timesText(start, step, values.length);
    const made = { bytes, width, count: values.length };
    this.#known.set(key, made);
    return made;
  }
}

/** `,time],` for each time, all as wide as the last, with blanks before times of fewer digits. */
function timesText(start: number, step: number, count: number): { bytes: Uint8Array; width: number } {
  const width = `,${start + Math.max(0, count - 1) * step}],`.length;
  const bytes = Buffer.allocUnsafe(count * width);
  bytes.write(`,${start}],`.padStart(width), 0, 'latin1');
  for (let at = width; at < bytes.length; at += width) {
    for (let place = 0; place < width; place += 1) bytes[at + place] = bytes[at - width + place]!;
    addTo(bytes, at + width - 3, step);
  }
  return { bytes, width };
}

/** Adds to a number written in digits, of which the last stands at `place`. */
function addTo(bytes: Buffer, place: number, amount: number): void {
  for (let carry = amount, at = place; carry > 0; at -= 1) {
    const digit = bytes[at]! >= zero ? bytes[at]! - zero : 0;
    const sum = digit + carry;
    carry = Math.floor(sum / 10);
    // A comma may have to move to the left: it stands before the first digit.
    if (bytes[at] === comma) bytes[at - 1] = comma;
    bytes[at] = zero + sum - carry * 10;
  }
}
