/** Something that was confirmed, and can be taken back for a while. */
export interface Deferred {
  key: string;
  /** What will be done, as `Deletes web1`. */
  text: string;
  /** Epoch ms. */
  dueAt: number;
  /** Why it failed. */
  error?: string;
  run(isLeaving: boolean): Promise<void>;
}

/** How long something can be taken back. */
export const undoMs = 10_000;

const work = new Map<string, Deferred>();
const timers = new Map<string, ReturnType<typeof setTimeout>>();
const listeners = new Set<() => void>();

/** What is about to be done, oldest first. */
export function deferredWork(): readonly Deferred[] {
  return [...work.values()];
}

/** Whether `key` is about to be done: lists leave out what goes. */
export function isDeferred(key: string): boolean {
  const one = work.get(key);
  return one !== undefined && one.error === undefined;
}

/** Calls `listener` when work is added or gone; the answer ends that. */
export function onDeferred(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Does `run` after a while in which it can be taken back. `isLeaving` says that the page goes away. */
export function defer(key: string, text: string, run: Deferred['run'], now = Date.now()): void {
  clearTimeout(timers.get(key));
  work.set(key, { key, text, dueAt: now + undoMs, run });
  timers.set(
    key,
    setTimeout(() => void commit(key, false), undoMs),
  );
  tell();
}

/** Takes it back, or the message that it failed away. */
export function undo(key: string): void {
  clearTimeout(timers.get(key));
  timers.delete(key);
  work.delete(key);
  tell();
}

/** Does at once all that waits. */
export function commitAll(): void {
  for (const { key, error } of deferredWork()) if (error === undefined) void commit(key, true);
}

async function commit(key: string, isLeaving: boolean): Promise<void> {
  const one = work.get(key);
  clearTimeout(timers.get(key));
  timers.delete(key);
  if (one === undefined) return;
  try {
    await one.run(isLeaving);
    if (work.get(key) === one) work.delete(key);
  } catch (error) {
    work.set(key, { ...one, error: `${one.text}: ${(error as Error).message}` });
  }
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}
