import { shownStates } from '../live/fact.ts';
import { StateShape } from '../parts/state-mark.tsx';
import { countsText, type StateCounts } from './rows.ts';

interface Props {
  counts: StateCounts;
  /** Of a time that is over: without colours. */
  isPast?: boolean;
}

/** How many checks are in which state: as lengths, which say at a glance how much is well, and as numbers with the shapes of the states. */
export function CountMarks({ counts, isPast = false }: Props) {
  const told = shownStates.filter((state) => counts[state] > 0);
  if (told.length === 0) return <span class="dim">no checks</span>;
  return (
    <span class={`marks ${isPast ? 'is-past' : ''}`} title={countsText(counts)}>
      <span class="bar" aria-hidden="true">
        {told.map((state) => (
          <i key={state} class={`is-${state}`} style={{ flexGrow: String(counts[state]) }} />
        ))}
      </span>
      {told.map((state) => (
        <span key={state} class={`mark is-${state}`}>
          <StateShape state={state} />
          {counts[state].toLocaleString('en-US')}
          <span class="unseen"> {state} </span>
        </span>
      ))}
    </span>
  );
}
