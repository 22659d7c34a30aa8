import type { ShownState } from '../live/fact.ts';
import { shownStates } from '../live/fact.ts';
import { StateShape } from '../parts/state-mark.tsx';
import { linkTo } from '../shell/route.ts';

/** How many checks are in each state, each a way to those checks. */
export function StateTiles({ counts }: { counts: { [state in ShownState]: number } }) {
  return (
    <ul class="tiles" aria-label="Checks by state">
      {shownStates.map((state) => (
        <li key={state}>
          <a
            class={`tile is-${state} ${counts[state] === 0 ? 'is-none' : ''}`}
            href={linkTo(['checks'], { state })}
          >
            <StateShape state={state} />
            <b>{counts[state].toLocaleString('en-US')}</b> <span>{state}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
