import type { Json, JsonObject } from 'opsbro/sdk';
import type { Reference } from '../program.ts';

const MAX_TEXT = 4_096;
const MAX_NODES = 20_000;
const MAX_DEPTH = 32;
const MAX_TOTAL = 4_194_304;

/** The value at a path of plain data; a key may hold dots, a number counts into a list. undefined when there is none. */
export function resolve(tree: Json | undefined, path: readonly string[]): Json | undefined {
  if (path.length === 0 || tree === undefined) return tree;
  if (typeof tree !== 'object' || tree === null) return undefined;
  if (Array.isArray(tree)) {
    return /^\d+$/.test(path[0] as string) ? resolve(tree[Number(path[0])], path.slice(1)) : undefined;
  }
  for (let count = 1; count <= path.length; count += 1) {
    const key = count === 1 ? (path[0] as string) : path.slice(0, count).join('.');
    if (!Object.hasOwn(tree, key)) continue;
    const found = resolve(tree[key], path.slice(count));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Paths of a tree's leaves and branches, at most 200 of each branch: as far as they help to find the nearest. */
export function keysOf(tree: JsonObject, prefix = ''): string[] {
  return Object.entries(tree)
    .slice(0, 200)
    .flatMap(([key, value]) => {
      const path = prefix + key;
      const isTree = typeof value === 'object' && value !== null && !Array.isArray(value);
      return isTree ? [path, ...keysOf(value, `${path}.`)] : [path];
    });
}

/** Why a value is not let into the sandbox, e.g. `a text over 4096 characters`; undefined when it is. */
export function refusal(value: Json): string | undefined {
  let nodes = 0;
  let total = 0;
  const visit = (one: Json, depth: number): string | undefined => {
    nodes += 1;
    if (nodes > MAX_NODES) return `over ${MAX_NODES} values`;
    if (typeof one === 'string') {
      total += one.length;
      if (total > MAX_TOTAL) return `over ${MAX_TOTAL} characters`;
      return one.length > MAX_TEXT ? `a text over ${MAX_TEXT} characters` : undefined;
    }
    if (typeof one !== 'object' || one === null) return undefined;
    if (depth >= MAX_DEPTH) return `nested deeper than ${MAX_DEPTH}`;
    if (Array.isArray(one)) return first(one, (item) => visit(item, depth + 1));
    return first(Object.entries(one), ([key, item]) => visit(key, depth + 1) ?? visit(item, depth + 1));
  };
  return visit(value, 0);
}

function first<T>(items: T[], visit: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const reason = visit(item);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** A reference with a number, as the sandbox knows it; shared by all programs that read it. */
export interface Slot {
  index: number;
  /** Equal for equal references. */
  key: string;
  reference: Reference;
  users: number;
  /** Batch that looked at it last, so that a batch looks once. */
  batch: number;
  /** Tree it was read from last, and what the sandbox has; a new thread knows nothing. */
  tree: JsonObject | undefined;
  value: Json | undefined;
  thread: number;
}

/** What the sandbox must be told of a slot: number and value, or number, null and the name of what is missing. */
export type SlotUpdate = [number, Json] | [number, null, string];

/** The update for a slot, or undefined when the sandbox has the value already. */
export function refresh(slot: Slot, tree: JsonObject | undefined, thread: number): SlotUpdate | undefined {
  const { text, path } = slot.reference;
  const isKnown = slot.thread === thread;
  if (isKnown && tree === slot.tree) return undefined;
  const value = resolve(tree, path);
  const isSame = isKnown && value === slot.value && (typeof value !== 'object' || value === null);
  slot.tree = tree;
  slot.value = value;
  slot.thread = thread;
  if (isSame) return undefined;
  if (value === undefined) return [slot.index, null, text];
  const reason = refusal(value);
  return reason === undefined ? [slot.index, value] : [slot.index, null, `${text} (${reason})`];
}
