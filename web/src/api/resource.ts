import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Asker } from './asker.ts';
import { type ApiError, get, mayPass } from './request.ts';

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

/** What is asked for once, and failed for a reason that passes, is asked for again after so long. */
const againMs = 5000;

/**
 * Asks for `path` while the component is there: at once, every `everyMs` while the page is in front, and when `key` changes. A null asks
 * nothing. What was answered for another path is not shown for this one.
 */
export function useResource<Answer>(
  path: string | null,
  { everyMs = 0, key = 0 }: { everyMs?: number; key?: number | string } = {},
): Resource<Answer> {
  const [state, setState] = useState<State<Answer>>({ path });
  const asker = useRef<Asker<Answer> | undefined>(undefined);
  useEffect(() => {
    if (path === null) return undefined;
    const own = new Asker<Answer>((signal) => get<Answer>(path, signal), {
      answered: (data) => setState({ path, data }),
      failed: (error) => setState((before) => ({ ...(before.path === path ? before : {}), path, error })),
    });
    asker.current = own;
    return () => {
      own.end();
      asker.current = undefined;
    };
  }, [path]);
  // A new path and a new key ask.
  useEffect(() => asker.current?.reload(), [path, key]);
  const isOwn = state.path === path;
  const error = isOwn ? state.error : undefined;
  const roundMs = everyMs > 0 || !mayPass(error) ? everyMs : againMs;
  useEffect(() => {
    if (roundMs <= 0 || path === null) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) asker.current?.poll();
    }, roundMs);
    return () => clearInterval(timer);
  }, [roundMs, path]);
  const reload = useCallback(() => asker.current?.reload(), []);
  return { data: isOwn ? state.data : undefined, error, reload };
}
