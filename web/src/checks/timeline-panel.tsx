import { useMemo, useState } from 'preact/hooks';
import type { CheckView, HistoryView } from '../../../control/shapes.ts';
import { useResource } from '../api/resource.ts';
import { shownState } from '../live/fact.ts';
import { Age, Awaited, Empty } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { StateMark, StateShape } from '../parts/state-mark.tsx';
import { clockText, spanText } from '../text/age.ts';
import { causeText, type Span, timelineSpans } from './timeline.ts';

const ranges: { [text: string]: number } = { '3 h': 3, '1 d': 24, '7 d': 168, '30 d': 720 };
const hourMs = 3_600_000;
const changesShown = 50;

/** The states of a check over time, as a bar and as a list of its changes. */
export function TimelinePanel({ check, now }: { check: CheckView; now: number }) {
  const [range, setRange] = useState('1 d');
  const hours = ranges[range] ?? 24;
  // One start for a range, else each second would be another question.
  const since = useMemo(() => new Date(Date.now() - hours * hourMs).toISOString(), [hours]);
  const ofIt = `since=${since}&id=${encodeURIComponent(check.id)}`;
  const { data, error } = useResource<HistoryView>(`api/v1/history/checks?${ofIt}`, {
    key: `${check.state} ${check.stale} ${check.episode}`,
  });
  const entries = data?.entries ?? [];
  const spans = timelineSpans(
    entries,
    {
      state: shownState(check),
      since: check.since === null ? null : Date.parse(check.since),
      output: check.output,
    },
    now - hours * hourMs,
    now,
  );
  return (
    <Panel
      title="Timeline"
      aside={
        <fieldset class="toggles">
          <legend class="unseen">How far back</legend>
          {Object.keys(ranges).map((text) => (
            <button
              type="button"
              class="toggle"
              key={text}
              aria-pressed={text === range}
              onClick={() => setRange(text)}
            >
              {text}
            </button>
          ))}
        </fieldset>
      }
    >
      <Awaited data={data} error={error} />
      <TimelineBar spans={spans} />
      <div class="bar-ends dim">
        <span>{clockText(now - hours * hourMs)}</span>
        <span>now</span>
      </div>
      {data !== undefined && entries.length === 0 && <Empty>Nothing changed in this time.</Empty>}
      <ol class="changes" aria-label="Changes">
        {entries
          .slice(-changesShown)
          .reverse()
          .map((entry) => (
            <StateChange key={`${entry.at} ${entry.state} ${entry.cause}`} entry={entry} now={now} />
          ))}
      </ol>
    </Panel>
  );
}

function TimelineBar({ spans }: { spans: readonly Span[] }) {
  const text = spans
    .map(
      ({ from, to, state }) =>
        `${state === 'none' ? 'unknown to the agent' : state} for ${spanText((to - from) / 1000)}`,
    )
    .slice(-20)
    .join(', then ');
  return (
    <div class="timeline" role="img" aria-label={`Over time: ${text}`}>
      {spans.map(({ from, to, state, output }) => (
        <i
          key={from}
          class={`is-${state}`}
          title={`${state}, ${clockText(from)} to ${clockText(to)}${output === '' ? '' : `: ${output}`}`}
          style={{ flexGrow: String((to - from) / 1000) }}
        />
      ))}
    </div>
  );
}

function StateChange({ entry, now }: { entry: HistoryView['entries'][number]; now: number }) {
  const to = shownState({ state: entry.state as 'ok', stale: entry.stale ?? false });
  return (
    <li>
      <span class="change-states">
        <StateShape state={entry.old_state as 'ok'} />
        <span class="unseen">from {entry.old_state} to </span>
        <span aria-hidden="true">→</span> <StateMark state={to} note={causeText(entry)} />
      </span>
      <span class="dim change-output" title={entry.log}>
        {entry.log}
      </span>
      <span class="dim">
        <Age at={entry.at} now={now} />
      </span>
    </li>
  );
}
