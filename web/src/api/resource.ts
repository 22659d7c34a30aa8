import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get } from './request.ts';

/** What was asked for, as far as it came. */
export interface Resource<Answer> {
  data: Answer | undefined;
  /** Why the last question failed; what came before stays. */
  error: ApiError | undefined;
  /** Asks again. */
  reload(): void;
}

interface State<Answer> {
  path: string | null;
  data?: Answer;
  error?: ApiError;
}

/**
 * Asks for `path` while the component is there: at once, every `everyMs` while the page is in front, and when `key` changes. A null asks
 * nothing. What was answered for another path is not shown for this one.
 */
export function useResource<Answer>(
  path: string | null,
  { everyMs = 0, key = 0 }: { everyMs?: number; key?: number | string } = {},
): Resource<Answer> {
  const [state, setState] = useState<State<Answer>>({ path });
  const [round, setRound] = useState(0);
  const shownPath = useRef(path);
  shownPath.current = path;
  // A new round and a new key ask again.
  useEffect(() => {
    if (path === null) return undefined;
    const ending = new AbortController();
    get<Answer>(path, ending.signal).then(
      (data) => setState({ path, data }),
      (error: unknown) => {
        if (ending.signal.aborted || !(error instanceof ApiError)) return;
        setState((before) => ({ ...(before.path === path ? before : {}), path, error }));
      },
    );
    return () => ending.abort();
  }, [path, round, key]);
  useEffect(() => {
    if (everyMs <= 0 || path === null) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) setRound((before) => before + 1);
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs, path]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  const isOwn = state.path === path;
  return { data: isOwn ? state.data : undefined, error: isOwn ? state.error : undefined, reload };
}
