import type { HeldChecks } from '../held/held-checks.ts';
import { Age } from '../parts/notes.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import type { Column } from '../parts/windowed-table.tsx';
import { checkLink } from '../shell/route.ts';
import type { CheckRow } from './rows.ts';

/** What a state is marked with beside its word. */
function noteOf({ isSoft, isStale, state }: CheckRow): string {
  const notes = [isSoft && state !== 'pending' ? 'soft' : '', isStale && state !== 'stale' ? 'stale' : ''];
  return notes.filter(Boolean).join(' ');
}

/** The columns of lists of checks; `now` is what ages count to, `held` what people hold back. */
export function checkColumns(now: number, held: HeldChecks): Column<CheckRow>[] {
  return [
    { title: 'State', name: 'state', cell: (row) => <StateMark state={row.state} note={noteOf(row)} /> },
    {
      title: 'Check',
      name: 'check',
      cell: (row) => (
        <>
          <a href={checkLink(row.id)} title={row.id}>
            {row.name}
          </a>
          {held.get(row.id)?.map(({ word, text }) => (
            <span class="badge" key={word} title={text}>
              {word}
            </span>
          ))}
        </>
      ),
    },
    { title: 'Host', name: 'host', cell: (row) => <span title={row.host}>{row.host}</span> },
    { title: 'Output', name: 'output', cell: (row) => <span title={row.output}>{row.output}</span> },
    { title: 'Since', name: 'since', cell: (row) => <Age at={row.since} now={now} /> },
  ];
}
