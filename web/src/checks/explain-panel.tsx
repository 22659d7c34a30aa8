import type { Json } from 'opsbro/sdk';
import type { CheckExplanationView, HandlerExplanation } from '../../../control/shapes.ts';
import { Command } from '../parts/command.tsx';
import { Age, Empty } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { checkLink } from '../shell/route.ts';
import { spanText } from '../text/age.ts';
import { commandLine } from '../text/shell.ts';
import { valueText } from '../text/value.ts';

/** Why the check is what it is, and why whom was told or not. */
export function ExplainPanel({ found, now }: { found: CheckExplanationView; now: number }) {
  const { written, seen, dependencies, holds, handlers } = found;
  return (
    <Panel title="Why">
      <h3>What it read</h3>
      {seen.length === 0 && <Empty>It reads nothing by an expression.</Empty>}
      <dl class="pairs is-read">
        {seen.map(({ key, value, age }) => (
          <div key={key}>
            <dt>
              <code>{key}</code>
            </dt>
            <dd>
              {valueText(value)} {age !== null && <span class="dim">{spanText(age)} old</span>}
            </dd>
          </div>
        ))}
      </dl>
      {written.length > 0 && <h3>What decides</h3>}
      <dl class="pairs">
        {written.map(({ key, value }) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>
              <Written value={value} />
            </dd>
          </div>
        ))}
      </dl>
      {dependencies.length > 0 && (
        <>
          <h3>Depends on</h3>
          <ul>
            {dependencies.map(({ id, state }) => (
              <li key={id}>
                <a href={checkLink(id)}>{id}</a> is {state}
              </li>
            ))}
          </ul>
        </>
      )}
      {holds.map(({ text }) => (
        <p class="note" key={text}>
          Held back from everybody: {text}
        </p>
      ))}
      <h3>Who is told</h3>
      {handlers.length === 0 && <Empty>No handler is set up for it.</Empty>}
      <ul class="handlers">
        {handlers.map((handler) => (
          <Handler key={handler.name} handler={handler} now={now} />
        ))}
      </ul>
      <p class="dim">In a terminal:</p>
      <Command text={commandLine('opsbro', 'explain', 'check', found.check.id)} />
    </Panel>
  );
}

/** A key of the configuration as it is written; of one that holds others each by itself. */
function Written({ value }: { value: Json }) {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return <code>{valueText(value)}</code>;
  return (
    <ul>
      {Object.entries(value).map(([key, one]) => (
        <li key={key}>
          {key}: <code>{valueText(one)}</code>
        </li>
      ))}
    </ul>
  );
}

function Handler({
  handler: { name, outcome, reason, told, delivery },
  now,
}: {
  handler: HandlerExplanation;
  now: number;
}) {
  return (
    <li>
      <b>{name}</b> <span class="badge">{outcome}</span> {reason}
      {told !== null && (
        <span class="dim">
          {' '}
          · told {told.state} <Age at={told.at} now={now} />
        </span>
      )}
      {delivery !== null && (
        <span class={delivery.state === 'dead' ? 'is-critical' : 'dim'}>
          {' '}
          · {delivery.state}
          {delivery.last_error !== '' && `: ${delivery.last_error}`}
        </span>
      )}
    </li>
  );
}
