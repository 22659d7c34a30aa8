import type { Json, JsonObject } from 'opsbro/sdk';
import { kindNames } from './grammar/kinds.ts';
import type { Counts } from './grammar/parser.ts';
import type { ShownMetric } from './interval/batch.ts';

/** How the listener does. */
export interface ListenerFigures {
  counts: Counts;
  names: number;
  /** Of the last interval. */
  metrics: number;
  points: number;
  leftOut: number;
  flushMs: number;
  kernelDrops: number | undefined;
  receiveBuffer: { asked: number; granted: number } | undefined;
}

/** The figures as plain data: the listener's own, for its route and for the collector. */
export function figuresTree(figures: ListenerFigures): JsonObject {
  const { counts, names, metrics, points, leftOut, flushMs, kernelDrops, receiveBuffer } = figures;
  const { bad, serviceChecks, ...others } = counts;
  return {
    ...others,
    service_checks_received: serviceChecks,
    bad: { ...bad, total: Object.values(bad).reduce((sum, count) => sum + count, 0) },
    names,
    last_interval: { metrics, points, left_out: leftOut, flush_ms: Math.round(flushMs * 10) / 10 },
    ...(kernelDrops !== undefined && { kernel_drops: kernelDrops }),
    ...(receiveBuffer !== undefined && {
      receive_buffer: { asked_bytes: receiveBuffer.asked, granted_bytes: receiveBuffer.granted },
    }),
  };
}

/** Metrics below their kind, steps of the name as steps of the tree: what has no place beside another is left out. */
export function metricsTree(shown: readonly ShownMetric[]): JsonObject {
  const tree: JsonObject = {};
  for (const { kind, name, values } of shown) {
    const root = `${kindNames[kind]}s`;
    put(tree, [root, ...name.split('.')], values);
  }
  return tree;
}

function put(tree: JsonObject, path: string[], values: { [key: string]: number }): void {
  let at = tree;
  for (const step of path) {
    const next = Object.hasOwn(at, step) ? at[step]! : undefined;
    if (next !== undefined && !isTree(next)) return;
    const branch: JsonObject = next ?? {};
    if (next === undefined)
      Object.defineProperty(at, step, {
        value: branch,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    at = branch;
  }
  for (const [key, value] of Object.entries(values)) if (!Object.hasOwn(at, key)) at[key] = value;
}

function isTree(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
