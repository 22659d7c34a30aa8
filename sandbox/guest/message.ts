import type { Json, JsonObject } from 'opsbro/sdk';
import type { PlainError } from '../../core/errors.ts';
import type { LogLine } from '../../threads/protocol.ts';

/** What the host tells the guest, as JSON text. `at` is the time: epoch ms and monotonic ms. */
export type GuestCommand = { at: [number, number] } & (
  | ({ do: 'begin' } & GuestOrder)
  | { do: 'settle'; run: number; call: number; value: Json }
  | { do: 'settle'; run: number; call: number; error: PlainError }
  /** The run's time is up: its signal fires, and nothing of it is heard any more. */
  | { do: 'end'; run: number; error: PlainError }
);

/** A run of a verb, as the guest is to make it. */
export interface GuestOrder {
  run: number;
  type: 'collect' | 'detect' | 'check' | 'handle' | 'export' | 'call';
  /** Object id; for `call` the function's name. */
  object: string;
  name: string;
  options: JsonObject;
  state: JsonObject;
  /** Names of the environment that are granted, with `*`, and the values there are. */
  env: { granted: string[]; values: { [name: string]: string } };
  event?: Json;
  facts?: Json;
  args?: Json[];
  limits: { outputBytes: number; logLines: number; hostCalls: number };
}

/** A limit that the guest itself can see broken. */
export type GuestBreach = 'output' | 'log_lines' | 'host_calls';

/** What the guest tells the host. All of it is an attacker's word. */
export type GuestMessage =
  | { type: 'call'; run: number; call: number; name: string; args: Json[] }
  | { type: 'log'; run: number; level: LogLine['level']; message: string; fields?: JsonObject }
  | { type: 'emit'; run: number; topic: string; data: Json }
  | { type: 'emits-dropped'; run: number; count: number }
  | { type: 'late'; calls: number }
  | { type: 'breach'; run: number; limit: GuestBreach; found: number; stack?: string }
  | { type: 'done'; run: number; value: Json; state: JsonObject; dropped: number }
  | { type: 'not-eligible'; run: number; reason: string; state: JsonObject }
  | { type: 'failed'; run: number; error: GuestError; state?: JsonObject };

/** The message of what was thrown without one. */
export const unknownError = 'unknown error';

/** A thrown thing in primitives. `stack` is QuickJS's text. */
export interface GuestError {
  code: string;
  name: string;
  message: string;
  stack: string;
  retryAfterMs?: number;
  permanent?: boolean;
}
