import { useState } from 'preact/hooks';
import type { ConfigStatusView, ReloadView } from '../../../control/shapes.ts';
import { ApiError, send } from '../api/request.ts';
import { useResource } from '../api/resource.ts';
import { mayAdmin, useSession } from '../api/session.ts';
import { useNow } from '../live/live.ts';
import { Command } from '../parts/command.tsx';
import { Age, Awaited, Empty, Facts } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { StateShape } from '../parts/state-mark.tsx';
import { type FileFindings, findingsByFile } from './findings.ts';

const everyMs = 3000;

/** What was read of the configuration, and what is wrong with it, by file and line. */
export function ConfigurationPage() {
  const now = useNow();
  const { data, error, reload } = useResource<ConfigStatusView>('api/v1/config/status', { everyMs });
  const files = data === undefined ? [] : findingsByFile(data);
  return (
    <>
      <div class="page-head">
        <h1>Configuration</h1>
        <ReloadButton onDone={reload} />
      </div>
      <Awaited data={data} error={error} />
      {data !== undefined && (
        <Panel title="As it runs">
          <Facts
            facts={[
              ['Generation', data.generation],
              ['Read', <Age key="a" at={data.loaded_at} now={now} />],
              ['Took', `${data.took_ms} ms`],
              ['Files', data.files],
              ['Objects', data.objects],
              ['Bad files', data.bad_files.length],
            ]}
          />
          <h3>Directories, each laid over those before it</h3>
          <ol class="bullets">
            {data.directories.map((directory) => (
              <li key={directory}>
                <code>{directory}</code>
              </li>
            ))}
          </ol>
          <p class="dim">In a terminal:</p>
          <Command text="opsbro config status" />
        </Panel>
      )}
      {data !== undefined && files.length === 0 && (
        <Panel title="Findings">
          <Empty>Nothing is wrong.</Empty>
        </Panel>
      )}
      {files.map((file) => (
        <FilePanel key={file.file} file={file} />
      ))}
    </>
  );
}

function FilePanel({ file: { file, isBad, findings } }: { file: FileFindings }) {
  return (
    <Panel title={file} aside={isBad && <span class="is-critical">its last good objects stay</span>}>
      <ul class="findings">
        {findings.map(({ severity, code, message, place }) => {
          const state = severity === 'error' ? 'critical' : 'warning';
          return (
            <li key={`${place.line}:${place.column} ${code} ${message}`}>
              <span class={`state is-${state}`}>
                <StateShape state={state} /> {severity}
              </span>
              <span>
                <code>
                  {place.file}:{place.line}:{place.column}
                </code>
                <br />
                {message} <code class="dim">{code}</code>
              </span>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

/** Has the agent read its configuration again, for who may; it does so by itself after each write. */
function ReloadButton({ onDone }: { onDone(): void }) {
  const session = useSession();
  const [said, setSaid] = useState('');
  if (!mayAdmin(session)) return null;
  const act = async (): Promise<void> => {
    try {
      const { ok, started, restarted, stopped } = await send<ReloadView>('POST', 'api/v1/agent/reload');
      const counts = `${started.length} started, ${restarted.length} restarted, ${stopped.length} stopped`;
      setSaid(ok ? `Read: ${counts}` : `Read, with errors: ${counts}`);
      onDone();
    } catch (problem) {
      if (problem instanceof ApiError) setSaid(problem.message);
    }
  };
  return (
    <>
      <button type="button" onClick={act}>
        Read again
      </button>
      <span role="status" class="dim">
        {said}
      </span>
    </>
  );
}
