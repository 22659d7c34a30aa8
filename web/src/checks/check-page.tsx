import { useMemo } from 'preact/hooks';
import type { CheckExplanationView, CheckView } from '../../../control/shapes.ts';
import { CheckActions } from '../actions/check-actions.tsx';
import { useResource } from '../api/resource.ts';
import { shownState } from '../live/fact.ts';
import { useBoard, useNow } from '../live/live.ts';
import { Age, Awaited, Facts } from '../parts/notes.tsx';
import { Output } from '../parts/output.tsx';
import { Panel } from '../parts/panel.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { linkTo, type Route } from '../shell/route.ts';
import { spanText } from '../text/age.ts';
import { ExplainPanel } from './explain-panel.tsx';
import { LinkedGraphs } from './linked-graphs.tsx';
import { hostOf } from './rows.ts';
import { TimelinePanel } from './timeline-panel.tsx';
import { ownName } from './use-rows.ts';

const everyMs = 10_000;
const dayMs = 86_400_000;

/** One check: how it stands, since when, why, and what was measured. */
export function CheckPage({ route }: { route: Route }) {
  const id = route.rest[0] ?? '';
  const board = useBoard();
  const now = useNow();
  const fact = board.checks.get(id);
  const since = useMemo(() => new Date(Date.now() - dayMs).toISOString(), []);
  const path = `api/v1/explain/checks/${id.split('/').map(encodeURIComponent).join('/')}?since=${since}`;
  // A change that the stream tells of is looked up at once.
  const key = fact === undefined ? '' : `${fact.state} ${fact.stale} ${fact.hard} ${fact.output}`;
  const { data, error, reload } = useResource<CheckExplanationView>(path, { everyMs, key });
  const check = data?.check;
  const host = fact === undefined ? '' : hostOf(fact, ownName(board));
  return (
    <>
      <nav class="crumbs" aria-label="Where this is">
        <a href={linkTo(['checks'])}>Checks</a>
        {host !== '' && <a href={linkTo(['checks'], { host })}>{host}</a>}
      </nav>
      <div class="page-head">
        <h1>{check?.display_name ?? fact?.display_name ?? id}</h1>
        {(fact ?? check) !== undefined && <StateMark state={shownState(fact ?? (check as CheckView))} />}
      </div>
      <Awaited data={data} error={error} />
      {check !== undefined && data !== undefined && (
        <div class="split">
          <div>
            <StatePanel check={check} now={now} onDone={reload} />
            <TimelinePanel check={check} now={now} />
            <LinkedGraphs check={check} seen={data.seen.map((one) => one.key)} />
          </div>
          <ExplainPanel found={data} now={now} />
        </div>
      )}
    </>
  );
}

function StatePanel({ check, now, onDone }: { check: CheckView; now: number; onDone(): void }) {
  const { state, hard, attempt, attempts, stale, flapping, error, missing } = check;
  const steps = hard ? 'confirmed' : `soft, attempt ${attempt} of ${attempts}`;
  return (
    <Panel title="State" aside={<code class="dim">{check.id}</code>}>
      <Output
        label="Output"
        text={`${check.output || 'no output'}${check.long_output === '' ? '' : `\n${check.long_output}`}`}
      />
      {!check.active && <p class="note">It does not run here: {check.inactive_because}</p>}
      {error !== null && (
        <p class="note is-critical">
          {error.message} <code>{error.code}</code>
        </p>
      )}
      {missing.length > 0 && <p class="note">Nothing is known of {missing.join(', ')}.</p>}
      <Facts
        facts={[
          [
            'Is',
            `${state}, ${steps}${stale ? ', stale: its data is late' : ''}${flapping ? ', flapping' : ''}`,
          ],
          ['Since', <Age key="s" at={check.since} now={now} />],
          ['Last run', <Age key="l" at={check.last_run} now={now} />],
          [
            'Next run',
            check.next_run === null ? 'when somebody reports' : <Age key="n" at={check.next_run} now={now} />,
          ],
          ['Every', spanText(check.interval)],
          ['Pack', check.pack],
        ]}
      />
      {check.notes !== '' && <p class="notes">{check.notes}</p>}
      <CheckActions check={check} onDone={onDone} />
    </Panel>
  );
}
