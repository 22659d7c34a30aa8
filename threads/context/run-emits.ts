import type { Json } from 'opsbro/sdk';
import { copyTree, type TreeLimits } from './tree.ts';

/** One event that a plugin emitted. */
export interface Emit {
  topic: string;
  data: Json;
}

/** What a run emitted; `dropped` counts what was too much, too large, or no event. */
export interface Emits {
  kept: Emit[];
  dropped: number;
}

const mostOfRun = 100;
const mostBytes = 4096;
const topicPattern = /^[a-z0-9][a-z0-9._/-]{0,63}$/i;
const dataLimits: TreeLimits = {
  depth: 8,
  leaves: 200,
  stringBytes: mostBytes,
  totalBytes: 4 * mostBytes,
  code: 'OPSBRO_PLUGIN_RESULT',
  notFinite: 'drop',
};

/** The event as plain data of bounded size, or null for what is none: a topic that is no short name, data over 4 KiB as JSON. */
export function readEmit(topic: unknown, data: unknown): Emit | null {
  if (typeof topic !== 'string' || !topicPattern.test(topic)) return null;
  try {
    const { value } = copyTree(data, dataLimits);
    return Buffer.byteLength(JSON.stringify(value)) > mostBytes ? null : { topic, data: value };
  } catch {
    return null;
  }
}

/** Keeps the first hundred events of a run and counts the rest. */
export class RunEmits implements Emits {
  readonly kept: Emit[] = [];
  dropped = 0;

  /** Takes an event; gives it as it was kept, or null where it was dropped. */
  take(topic: unknown, data: unknown): Emit | null {
    const emit = this.kept.length < mostOfRun ? readEmit(topic, data) : null;
    if (emit === null) this.dropped += 1;
    else this.kept.push(emit);
    return emit;
  }

  /** For a run's result: absent where there is nothing to tell. */
  result(): { emits?: Emits } {
    const { kept, dropped } = this;
    return kept.length + dropped === 0 ? {} : { emits: { kept, dropped } };
  }
}
