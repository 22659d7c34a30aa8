import { type ShownState, shownStates } from '../live/fact.ts';
import { StateShape } from '../parts/state-mark.tsx';
import { toggledState } from './filter-query.ts';
import type { CheckFilter, CheckOrder } from './rows.ts';

interface Props {
  filter: CheckFilter;
  order: CheckOrder;
  /** How many checks each state would leave in. */
  counts: { [state in ShownState]: number };
  onChange(filter: CheckFilter, order: CheckOrder): void;
}

/** What narrows a list of checks. */
export function CheckFilters({ filter, order, counts, onChange }: Props) {
  return (
    <search class="filters">
      <input
        type="search"
        aria-label="Text that checks hold"
        placeholder="Name, host or output"
        value={filter.text}
        onInput={({ currentTarget }) => onChange({ ...filter, text: currentTarget.value }, order)}
      />
      <fieldset class="toggles">
        <legend class="unseen">States</legend>
        {shownStates.map((state) => (
          <button
            type="button"
            key={state}
            class={`toggle is-${state}`}
            aria-pressed={filter.states.has(state)}
            onClick={() => onChange(toggledState(filter, state), order)}
          >
            <StateShape state={state} /> {state}{' '}
            <span class="dim">{counts[state].toLocaleString('en-US')}</span>
          </button>
        ))}
      </fieldset>
      <label>
        Order{' '}
        <select
          value={order}
          onChange={({ currentTarget }) => onChange(filter, currentTarget.value as CheckOrder)}
        >
          <option value="severity">the worst first</option>
          <option value="since">the youngest first</option>
          <option value="name">by host and name</option>
        </select>
      </label>
      {[
        ['host', filter.host],
        ['pack', filter.pack],
      ].map(
        ([key = '', value = '']) =>
          value !== '' && (
            <button
              type="button"
              key={key}
              class="chip"
              onClick={() => onChange({ ...filter, [key]: '' }, order)}
            >
              {key} {value} <span aria-hidden="true">×</span>
              <span class="unseen">: take this filter away</span>
            </button>
          ),
      )}
    </search>
  );
}
