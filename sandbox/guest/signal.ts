/** What a run sees as `ctx.signal`: as much of an AbortSignal as makes sense where there are no other events. */
export interface GuestSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: string, listener: unknown): void;
  removeEventListener(type: string, listener: unknown): void;
}

/** A signal and how to fire it; firing twice does nothing. */
export function makeSignal(): { signal: GuestSignal; abort(reason: unknown): void } {
  let fired: { reason: unknown } | undefined;
  const listeners = new Set<unknown>();
  const signal: GuestSignal = {
    get aborted() {
      return fired !== undefined;
    },
    get reason() {
      return fired?.reason;
    },
    throwIfAborted() {
      if (fired !== undefined) throw fired.reason;
    },
    addEventListener(type, listener) {
      if (type === 'abort') listeners.add(listener);
    },
    removeEventListener(_, listener) {
      listeners.delete(listener);
    },
  };
  const abort = (reason: unknown): void => {
    if (fired !== undefined) return;
    fired = { reason };
    for (const listener of listeners) tell(listener);
    listeners.clear();
  };
  return { signal: Object.freeze(signal), abort };
}

/** What a listener throws has nobody to catch it. */
function tell(listener: unknown): void {
  try {
    if (typeof listener === 'function') listener({ type: 'abort' });
    else (listener as { handleEvent(event: unknown): void }).handleEvent({ type: 'abort' });
  } catch {}
}
