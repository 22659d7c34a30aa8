import { type GraphRange, graphRanges } from './ranges.ts';

/** Buttons to choose how far back graphs look. */
export function RangeChoice({ from, onChange }: { from: string; onChange(range: GraphRange): void }) {
  return (
    <fieldset class="toggles">
      <legend class="unseen">How far back</legend>
      {graphRanges.map((range) => (
        <button
          type="button"
          class="toggle"
          key={range.from}
          aria-pressed={range.from === from}
          onClick={() => onChange(range)}
        >
          {range.text}
        </button>
      ))}
    </fieldset>
  );
}
