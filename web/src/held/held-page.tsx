import type { ComponentChildren } from 'preact';
import type { AcknowledgementView, DowntimeView, SilenceView } from '../../../control/shapes.ts';
import { TakeBack } from '../actions/take-back.tsx';
import { useResource } from '../api/resource.ts';
import { useNow } from '../live/live.ts';
import { Command } from '../parts/command.tsx';
import { Age, Awaited, Empty } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { SimpleTable } from '../parts/simple-table.tsx';
import { checkLink } from '../shell/route.ts';
import { countText } from '../text/quantity.ts';

const everyMs = 5000;

/** What people decided to hold back: acknowledgements, silences and downtimes. */
export function HeldPage() {
  const now = useNow();
  return (
    <>
      <h1>Held back</h1>
      <Acknowledged now={now} />
      <Silenced now={now} />
      <Planned now={now} />
    </>
  );
}

function Acknowledged({ now }: { now: number }) {
  const { data, error, reload } = useResource<AcknowledgementView[]>('api/v1/acknowledgements', { everyMs });
  return (
    <Panel title="Acknowledged problems">
      <Awaited data={data} error={error} />
      {data?.length === 0 && (
        <None text="No problem is acknowledged." command="opsbro ack add CHECK --comment TEXT" />
      )}
      <SimpleTable
        label="Acknowledged problems"
        titles={['Check', 'State', 'Since', 'Ends', 'By', 'Comment', '']}
        rows={(data ?? []).map(({ check, state, created_at: at, until, sticky, by, comment }) => [
          check,
          <a key="c" href={checkLink(check)}>
            {check}
          </a>,
          state,
          <Age key="s" at={at} now={now} />,
          endText(until, sticky ? 'when it recovers' : 'when it recovers or becomes worse', now),
          by,
          comment,
          <TakeBack key="t" thing={{ kind: 'acknowledgement', id: check }} onDone={reload} />,
        ])}
      />
    </Panel>
  );
}

function Silenced({ now }: { now: number }) {
  const { data, error, reload } = useResource<SilenceView[]>('api/v1/silences', { everyMs });
  return (
    <Panel title="Silences">
      <Awaited data={data} error={error} />
      {data?.length === 0 && (
        <None text="Nothing is silenced." command="opsbro silence add CHECK --until resolved" />
      )}
      <SimpleTable
        label="Silences"
        titles={['For', 'Matches', 'Ends', 'By', 'Comment', '']}
        rows={(data ?? []).map((one) => [
          one.id,
          <code key="m">{one.match.join(' ')}</code>,
          countText(one.checks.count, 'check'),
          one.active ? endText(one.until, one.until_resolved ? 'when resolved' : '', now) : 'over',
          one.by,
          one.comment,
          one.origin === 'command' && (
            <TakeBack key="t" thing={{ kind: 'silence', id: one.id }} onDone={reload} />
          ),
        ])}
      />
    </Panel>
  );
}

function Planned({ now }: { now: number }) {
  const { data, error, reload } = useResource<DowntimeView[]>('api/v1/downtimes', { everyMs });
  return (
    <Panel title="Downtimes">
      <Awaited data={data} error={error} />
      {data?.length === 0 && (
        <None text="No downtime is planned." command="opsbro downtime add CHECK --duration 2h" />
      )}
      <SimpleTable
        label="Downtimes"
        titles={['For', 'Matches', 'Holds', 'From', 'Until', 'Again', 'By', 'Comment', '']}
        rows={(data ?? []).map((one) => [
          one.id,
          <code key="m">{one.match.join(' ')}</code>,
          countText(one.checks.count, 'check'),
          one.active ? 'now' : one.from === null ? 'over' : 'later',
          <Age key="f" at={one.from} now={now} />,
          <Age key="u" at={one.until} now={now} />,
          one.schedule === 'once' ? '' : one.schedule,
          one.by,
          one.comment,
          one.origin === 'command' && (
            <TakeBack key="t" thing={{ kind: 'downtime', id: one.id }} onDone={reload} />
          ),
        ])}
      />
    </Panel>
  );
}

/** That there is none, and how one is made. */
function None({ text, command }: { text: string; command: string }) {
  return (
    <>
      <Empty>{text} The page of a check makes one, or in a terminal:</Empty>
      <Command text={command} />
    </>
  );
}

function endText(until: string | null, otherwise: string, now: number): ComponentChildren {
  if (until === null) return otherwise;
  return (
    <>
      {otherwise}
      {otherwise !== '' && ', or '}
      <Age at={until} now={now} />
    </>
  );
}
