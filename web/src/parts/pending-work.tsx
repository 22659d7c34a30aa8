import { useEffect, useState } from 'preact/hooks';
import { commitAll, type Deferred, deferredWork, onDeferred, undo } from './deferred.ts';

/** What is about to be done, each with a way back. */
export function Pending() {
  const [work, setWork] = useState<readonly Deferred[]>(deferredWork());
  const [, setTick] = useState(0);
  useEffect(() => onDeferred(() => setWork([...deferredWork()])), []);
  useEffect(() => {
    // What was confirmed is done, also when the page goes away before.
    window.addEventListener('pagehide', commitAll);
    return () => window.removeEventListener('pagehide', commitAll);
  }, []);
  useEffect(() => {
    if (work.length === 0) return undefined;
    const timer = setInterval(() => setTick((tick) => tick + 1), 500);
    return () => clearInterval(timer);
  }, [work.length]);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {work.map((one) => (
        <div class="toast" key={one.key}>
          <span>
            {one.error ?? `${one.text} in ${Math.max(0, Math.ceil((one.dueAt - Date.now()) / 1000))} s`}
          </span>
          <button type="button" onClick={() => undo(one.key)}>
            {one.error === undefined ? 'Undo' : 'Close'}
          </button>
        </div>
      ))}
    </div>
  );
}
