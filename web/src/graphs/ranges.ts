/** How far back graphs may look: what it is called, what Graphite calls it, and how often it is worth a new look. */
export interface GraphRange {
  text: string;
  from: string;
  everyMs: number;
}

/** The ranges that can be chosen. */
export const graphRanges: readonly GraphRange[] = [
  { text: '15 min', from: '-15min', everyMs: 10_000 },
  { text: '1 h', from: '-1h', everyMs: 10_000 },
  { text: '6 h', from: '-6h', everyMs: 30_000 },
  { text: '1 d', from: '-1d', everyMs: 60_000 },
  { text: '7 d', from: '-7d', everyMs: 60_000 },
  { text: '30 d', from: '-30d', everyMs: 60_000 },
];

/** The range that starts so; an hour where none does. */
export function rangeFrom(from: string): GraphRange {
  return graphRanges.find((range) => range.from === from) ?? (graphRanges[1] as GraphRange);
}
