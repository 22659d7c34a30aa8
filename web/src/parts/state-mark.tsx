import type { ShownState } from '../live/fact.ts';

/** One shape for each state, so that nobody has to tell colours apart. */
const shapes: { [state in ShownState]: string } = {
  ok: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm-1 9.9L3.9 7.8l1.2-1.2L7 8.5l4-4 1.2 1.2Z',
  warning: 'M8 1 .6 15h14.8ZM7.2 6h1.6v4.6H7.2Zm0 5.8h1.6v1.6H7.2Z',
  critical:
    'M5 1 1 5v6l4 4h6l4-4V5l-4-4Zm-.3 4.9L5.9 4.7 8 6.8l2.1-2.1 1.2 1.2L9.2 8l2.1 2.1-1.2 1.2L8 9.2l-2.1 2.1-1.2-1.2L6.8 8Z',
  unknown:
    'M2.5 1h11A1.5 1.5 0 0 1 15 2.5v11a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 1 13.5v-11A1.5 1.5 0 0 1 2.5 1ZM7.2 11.2h1.6v1.5H7.2Zm0-1.2V8.6c1.3-.5 1.9-1 1.9-1.8 0-.6-.4-1-1.1-1-.7 0-1.2.4-1.6 1L5.2 6c.6-1 1.5-1.6 2.9-1.6 1.6 0 2.6.9 2.6 2.2 0 1.3-.8 2-1.9 2.5v.9Z',
  stale:
    'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.7a5.3 5.3 0 1 1 0 10.6A5.3 5.3 0 0 1 8 2.7ZM7.2 4.5v4l3 1.8.8-1.3-2.2-1.3V4.5Z',
  pending:
    'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.7a5.3 5.3 0 1 1 0 10.6A5.3 5.3 0 0 1 8 2.7ZM4.6 7.2h1.6v1.6H4.6Zm2.6 0h1.6v1.6H7.2Zm2.6 0h1.6v1.6H9.8Z',
};

/** The shape of a state alone; whoever shows it says the state in words too. */
export function StateShape({ state }: { state: ShownState }) {
  return (
    <svg class={`shape is-${state}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={shapes[state]} fill="currentColor" fill-rule="evenodd" />
    </svg>
  );
}

/** A state by shape, colour and word. */
export function StateMark({ state, note = '' }: { state: ShownState; note?: string }) {
  return (
    <span class={`state is-${state}`}>
      <StateShape state={state} />
      <span>
        {state}
        {note !== '' && <small> {note}</small>}
      </span>
    </span>
  );
}
