import type { Json } from 'opsbro/sdk';
import type { ComponentChildren } from 'preact';
import type { PluginView } from '../../../control/shapes.ts';
import { send } from '../api/request.ts';
import { useResource } from '../api/resource.ts';
import { mayAdmin, useSession } from '../api/session.ts';
import { AskingButton } from '../parts/asking.tsx';
import { Command } from '../parts/command.tsx';
import { Awaited, Facts } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { linkTo } from '../shell/route.ts';
import { clockText } from '../text/age.ts';
import { numberText, sizeText } from '../text/quantity.ts';
import { commandLine } from '../text/shell.ts';
import { valueText } from '../text/value.ts';

const everyMs = 5000;

/** One plugin: what it may do, what it used up, and what was denied. */
export function PluginPanel({ id, onChange }: { id: string; onChange(): void }) {
  const path = `api/v1/plugins/${id.split('/').map(encodeURIComponent).join('/')}`;
  const { data, error, reload } = useResource<PluginView>(path, { everyMs });
  const changed = (): void => {
    reload();
    onChange();
  };
  return (
    <Panel title={id} aside={<a href={linkTo(['plugins'])}>Close</a>}>
      <Awaited data={data} error={error} />
      {data !== undefined && (
        <>
          <p>{data.summary}</p>
          {data.log !== '' && <p class="note">{data.log}</p>}
          <Facts facts={costs(data)} />
          <Permissions plugin={data} />
          <Quarantine plugin={data} onDone={changed} />
        </>
      )}
    </Panel>
  );
}

function costs(plugin: PluginView): [string, ComponentChildren][] {
  const { sandbox, approved, digest, objects = [] } = plugin;
  const ms = (value: number | null): string => (value === null ? 'never ran' : `${numberText(value)} ms`);
  return [
    ['State', plugin.state],
    ['Origin', plugin.origin],
    ['Runs', `${numberText(plugin.runs)}, ${plugin.errors} errors, ${plugin.timeouts} timeouts`],
    ['Skipped, late', `${plugin.skipped}, ${plugin.late}`],
    ['Restarts', plugin.restarts],
    ['Last run', ms(plugin.last_ms)],
    ['p99', ms(plugin.p99_ms)],
    ['Heap', plugin.heap_bytes === null ? 'not measured' : sizeText(plugin.heap_bytes)],
    ['Objects', objects.length === 0 ? 'none' : objects.join(', ')],
    ...(approved === undefined
      ? []
      : ([['Approved', `${clockText(approved.at)} by ${approved.by}`]] as [string, string][])),
    ...(digest === undefined || digest === ''
      ? []
      : ([['Digest', digest.slice(0, 16)]] as [string, string][])),
    ...(sandbox === undefined
      ? []
      : ([
          ['Processor of the last minute', `${numberText(sandbox.cpu_minute_ms)} ms`],
          ['Sandbox memory', sandbox.memory_bytes === null ? 'none' : sizeText(sandbox.memory_bytes)],
          ['Denied', sandbox.denials === 0 ? 'nothing' : `${sandbox.denials}, last ${sandbox.denied ?? ''}`],
        ] as [string, string][])),
  ];
}

function Permissions({ plugin: { rights = [], manifest } }: { plugin: PluginView }) {
  const named = manifest?.permissions as { [kind: string]: Json } | undefined;
  const entries = Object.entries(named ?? {});
  if (rights.length === 0 && entries.length === 0) return null;
  return (
    <>
      <h3>May</h3>
      <ul class="bullets">
        {rights.map((right) => (
          <li key={right}>{right}</li>
        ))}
        {rights.length === 0 &&
          entries.map(([kind, value]) => (
            <li key={kind}>
              {kind}:{' '}
              <code>
                {Array.isArray(value) ? value.map((one) => valueText(one)).join(', ') : valueText(value)}
              </code>
            </li>
          ))}
      </ul>
    </>
  );
}

/** Keeps a plugin from running, or lets it run again: with the right `admin`, else by a command. */
function Quarantine({ plugin: { id, state }, onDone }: { plugin: PluginView; onDone(): void }) {
  const session = useSession();
  const isOut = state === 'quarantined';
  const verb = isOut ? 'release' : 'quarantine';
  const command = commandLine('opsbro', 'plugins', verb, id);
  const title = isOut ? 'Let it run again' : 'Keep it from running';
  if (!mayAdmin(session))
    return (
      <>
        <h3>{title}, in a terminal</h3>
        <Command text={command} />
      </>
    );
  return (
    <div class="actions">
      <div class="buttons">
        <AskingButton
          button={title}
          {...(!isOut && { buttonLook: 'danger' })}
          title={`${title}: ${id}?`}
          action={title}
          command={command}
          run={() => send('POST', `api/v1/plugins/${id}/${verb}`, {})}
          onDone={onDone}
        />
      </div>
    </div>
  );
}
