import type { NodeCheck } from 'opsbro/sdk';

/** What changed of a node's checks since the version that was asked with. */
export interface CheckChanges {
  changed: NodeCheck[];
  /** Ids of checks that are no more. */
  gone: string[];
}

/** The largest document of a node. */
export const documentBytes = 256 * 1024;
/** The longest text of one check, in bytes. */
const textBytes = 1024;
/** What is left of a text where a document would become too large. */
const shortTextBytes = 100;
const nameLength = 255;
const states = ['pending', 'ok', 'warning', 'critical', 'unknown'];

/** The rows as they travel: texts cut, and together at most 256 KiB. First texts become short, then the last rows go. */
export function boundedRows(rows: readonly NodeCheck[]): NodeCheck[] {
  const whole = rows.map((row) => shortened(row, textBytes));
  if (sizeOf(whole) <= documentBytes) return whole;
  const bounded: NodeCheck[] = [];
  let left = documentBytes - 2;
  for (const row of whole) {
    const short = shortened(row, shortTextBytes);
    left -= sizeOf(short) + 1;
    if (left < 0) break;
    bounded.push(short);
  }
  return bounded;
}

/** Reads what a node answered. Never throws: undefined where it is anything else than changes. */
export function readChanges(text: string): CheckChanges | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { changed, gone } = value as { [field: string]: unknown };
  if (!Array.isArray(changed) || !Array.isArray(gone) || !gone.every(isName)) return undefined;
  const rows = changed.map(rowOf);
  return rows.includes(undefined) ? undefined : { changed: rows as NodeCheck[], gone };
}

/** Bytes of a value as it travels. */
export function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function rowOf(value: unknown): NodeCheck | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, name, pack, state, hard, since, output, perfdata } = value as { [field: string]: unknown };
  const isSound =
    isName(id) &&
    isName(name) &&
    typeof pack === 'string' &&
    pack.length <= nameLength &&
    typeof state === 'string' &&
    states.includes(state) &&
    typeof hard === 'boolean' &&
    (since === null || Number.isFinite(since)) &&
    typeof output === 'string' &&
    typeof perfdata === 'string';
  return isSound
    ? shortened({ id, name, pack, state, hard, since, output, perfdata } as NodeCheck, textBytes)
    : undefined;
}

function shortened(row: NodeCheck, bytes: number): NodeCheck {
  const { id, name, pack, state, hard, since, output, perfdata } = row;
  return { id, name, pack, state, hard, since, output: cut(output, bytes), perfdata: cut(perfdata, bytes) };
}

/** The text within so many bytes of UTF-8, no character halved. */
function cut(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  let end = 0;
  let used = 0;
  for (const character of text) {
    used += Buffer.byteLength(character);
    if (used > bytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= nameLength;
}
