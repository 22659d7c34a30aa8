/** A stretch of time: from `start`, up to but not including `end`. Epoch ms; `end` may be Infinity. */
export interface Window {
  start: number;
  end: number;
}

/** Windows that come again and again, or once. Pure: the answer depends on `at` alone. */
export interface Calendar {
  /** The window that holds `at`, else the next one after it; null when none comes any more. */
  windowFrom(at: number): Window | null;
}

/** True while one of the calendar's windows holds `at`. */
export function isInside(calendar: Calendar, at: number): boolean {
  const window = calendar.windowFrom(at);
  return window !== null && window.start <= at;
}

/** When `isInside` changes next, strictly after `at`; null when it never does. */
export function nextChange(calendar: Calendar, at: number): number | null {
  const window = calendar.windowFrom(at);
  if (window === null) return null;
  const change = window.start > at ? window.start : window.end;
  return Number.isFinite(change) ? change : null;
}

/** A calendar of one window. */
export function once(window: Window): Calendar {
  return { windowFrom: (at) => (at < window.end ? window : null) };
}

/** The same calendar; it keeps its last answer, which holds until that window ends, since time mostly moves on a little. */
export function remembering(calendar: Calendar): Calendar {
  let from = Number.POSITIVE_INFINITY;
  let window: Window | null = null;
  return {
    windowFrom(at) {
      if (at < from || (window !== null && at >= window.end)) {
        window = calendar.windowFrom(at);
        from = at;
      }
      return window;
    },
  };
}
