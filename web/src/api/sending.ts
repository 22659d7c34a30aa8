import { useRef, useState } from 'preact/hooks';
import { ApiError } from './request.ts';

/** A change that is being asked for. */
export interface Sending {
  /** Why the last one was refused. */
  error: ApiError | undefined;
  isSending: boolean;
  /** Asks for a change, unless one is under way; true when it was made. */
  attempt(act: () => Promise<unknown>): Promise<boolean>;
}

/** What every button needs that changes something: one request at a time, and why it was refused. */
export function useSending(): Sending {
  const [error, setError] = useState<ApiError>();
  const [isSending, setSending] = useState(false);
  const isUnderWay = useRef(false);
  const attempt = async (act: () => Promise<unknown>): Promise<boolean> => {
    if (isUnderWay.current) return false;
    isUnderWay.current = true;
    setSending(true);
    try {
      await act();
      setError(undefined);
      return true;
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setError(problem);
      return false;
    } finally {
      isUnderWay.current = false;
      setSending(false);
    }
  };
  return { error, isSending, attempt };
}
