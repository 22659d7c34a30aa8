import type { Json } from 'opsbro/sdk';

/** A value that is no number, from a moment on; `value` undefined: from then on there is none. */
export interface ValueChange {
  /** Seconds. */
  at: number;
  /** The keys that lead to it in its collector's tree. */
  path: string[];
  value: Json | undefined;
}

/** What is kept of one collector beside its metrics. */
export interface KeptValues {
  /** In order of time. */
  changes: ValueChange[];
  /** The keys behind a metric whose steps are not those keys, by the metric's name below the collector. */
  paths: Map<string, string[]>;
}

/** One line of a file. */
export type KeptLine = ValueChange | { at: number; metric: string; path: string[] };

/** A line, with its end. */
export function lineOf(line: KeptLine): string {
  if ('metric' in line || line.value !== undefined) return `${JSON.stringify(line)}\n`;
  return `${JSON.stringify({ at: line.at, path: line.path, gone: true })}\n`;
}

/** Reads lines. What is no line, as the torn end of a file after a crash, is left out. */
export function linesOf(text: string): KeptLine[] {
  return text.split('\n').flatMap((line) => readLine(line) ?? []);
}

/** What lines come to. */
export function keptValues(lines: readonly KeptLine[]): KeptValues {
  const changes: ValueChange[] = [];
  const paths = new Map<string, string[]>();
  for (const line of lines) {
    if ('metric' in line) paths.set(line.metric, line.path);
    else changes.push(line);
  }
  // A clock that was set back leaves them out of order.
  return { changes: changes.sort((one, other) => one.at - other.at), paths };
}

function readLine(text: string): KeptLine | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { at, path, metric, value, gone } = (read ?? {}) as { [key: string]: Json | undefined };
  if (typeof at !== 'number' || !Array.isArray(path) || path.some((key) => typeof key !== 'string'))
    return undefined;
  if (typeof metric === 'string') return { at, metric, path: path as string[] };
  return value === undefined && gone !== true ? undefined : { at, path: path as string[], value };
}
