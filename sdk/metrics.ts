/** One number of one moment. */
export interface MetricPoint {
  /** Steps between dots; tags behind it as Graphite writes them, `name;k=v`, sorted. */
  name: string;
  value: number;
  /** Epoch seconds. */
  at: number;
}

/**
 * Points of one moment, which a service hands to those that store or forward metrics: the snapshot `metrics`, of a service that
 * `publishes: [metrics]` to those that `needs: [metrics]`. A service that starts gets the last batch again, whose points are the same ones.
 */
export interface MetricBatch {
  /** The plugin that measured, e.g. `statsd`. */
  source: string;
  /** Grows by one with each batch since the source started; a gap is what was lost on the way. */
  seq: number;
  /** Epoch seconds of all points. */
  at: number;
  /** How many points there are. */
  count: number;
  /**
   * One point a line, `name value\n`. One text, since each thread on the way copies it as a whole; a hundred thousand strings and
   * numbers would keep the main thread busy.
   */
  lines: string;
}

/**
 * The points of a batch, in order. What is no line of a point is left out.
 * @example `for (const { name, value, at } of metricPoints(batch)) store.add(name, value, at);`
 */
export function* metricPoints({ lines, at }: MetricBatch): Generator<MetricPoint> {
  for (let from = 0; from < lines.length; ) {
    const found = lines.indexOf('\n', from);
    const end = found === -1 ? lines.length : found;
    const space = lines.lastIndexOf(' ', end);
    if (space > from && space + 1 < end) {
      const value = Number(lines.slice(space + 1, end));
      if (Number.isFinite(value)) yield { name: lines.slice(from, space), value, at };
    }
    from = end + 1;
  }
}
