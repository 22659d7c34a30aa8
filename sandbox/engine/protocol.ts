import type { Json } from 'opsbro/sdk';
import type { PlainError } from '../../core/errors.ts';
import type { Job, JobResult } from '../../threads/protocol.ts';
import type { PluginThreadData } from '../../threads/worker-data.ts';
import type { Breach } from '../budgets/breach.ts';
import type { Errand, Sandboxed } from '../model.ts';

/** A job of a third-party plugin. */
export type SandboxJob = Job & { sandbox: Sandboxed };

/** What a sandbox thread is started with. */
export interface SandboxThreadData extends PluginThreadData {
  /** See `cellOf`. */
  slices: SharedArrayBuffer;
}

/**
 * Memory a sandbox thread shares with the main thread, so that it can be judged while guest code holds it. Indexes into an `Int32Array`: `run`
 * the run whose slice runs, 0 for none; `slice` counts the slices; `patienceMs` the processor time after which this one has overrun.
 */
export const cellOf = { run: 0, slice: 1, patienceMs: 2 } as const;

/** Size of the shared cells. */
export const sharedBytes = 3 * Int32Array.BYTES_PER_ELEMENT;

/** Main thread to a sandbox thread. */
export type SandboxRequest =
  /** `usedMs`: processor time of the plugin's runs in the last minute, for a thread that has not seen them. */
  | { type: 'run'; id: number; job: SandboxJob; usedMs: number }
  | { type: 'errand'; id: number; answer: { value: Json } | { error: PlainError } }
  /** Its code changed or it is gone: what the thread keeps of it goes once its runs end. */
  | { type: 'forget'; plugin: string };

/** A sandbox thread to the main thread. */
export type SandboxReply =
  | { type: 'ready'; thread: string }
  | { type: 'ended'; id: number; result: JobResult; usage: RunUsage }
  /** Another run of the plugin broke the instance that this one was in. */
  | { type: 'lost'; id: number; usage: RunUsage }
  | { type: 'errand'; id: number; plugin: string; errand: Errand }
  /** Nobody waits for the answer any more. */
  | { type: 'errand-over'; id: number };

/** What one run used up, and what it tried. */
export interface RunUsage {
  cpuMs: number;
  memoryBytes: number;
  hostCalls: number;
  denials: number;
  /** The last thing that was denied, in words. */
  denied: string | null;
  /** Calls of the host after a run's end. */
  lateCalls: number;
  breach: Breach | null;
}

/** The usage of a run that has not begun. */
export function noUsage(): RunUsage {
  return { cpuMs: 0, memoryBytes: 0, hostCalls: 0, denials: 0, denied: null, lateCalls: 0, breach: null };
}
