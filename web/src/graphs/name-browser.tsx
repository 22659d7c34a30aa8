import { useState } from 'preact/hooks';
import { useResource } from '../api/resource.ts';
import { Awaited, Empty } from '../parts/notes.tsx';

/** A name that `/metrics/find` found, or a step towards some. */
interface FoundName {
  id: string;
  text: string;
  leaf: number;
}

interface Props {
  chosen: readonly string[];
  onToggle(name: string): void;
}

/** The names of the store, step by step. */
export function NameBrowser({ chosen, onToggle }: Props) {
  const [path, setPath] = useState<string[]>([]);
  const query = [...path, '*'].join('.');
  const { data, error } = useResource<FoundName[]>(`metrics/find?query=${encodeURIComponent(query)}`);
  const names = [...(data ?? [])].sort(
    (one, other) => one.leaf - other.leaf || (one.text < other.text ? -1 : 1),
  );
  return (
    <>
      <nav class="crumbs" aria-label="Steps">
        <button type="button" class="quiet" onClick={() => setPath([])}>
          all
        </button>
        {path.map((step, index) => (
          <button
            type="button"
            class="quiet"
            key={path.slice(0, index + 1).join('.')}
            onClick={() => setPath(path.slice(0, index + 1))}
          >
            {step}
          </button>
        ))}
      </nav>
      <Awaited data={data} error={error} />
      {data?.length === 0 && <Empty>Nothing is stored here yet.</Empty>}
      <ul class="names" aria-label="Names">
        {names.map(({ id, text, leaf }) => (
          <li key={`${id} ${leaf}`}>
            {leaf === 1 ? (
              <button
                type="button"
                class="name is-leaf"
                aria-pressed={chosen.includes(id)}
                onClick={() => onToggle(id)}
              >
                {text}
              </button>
            ) : (
              <button type="button" class="name" onClick={() => setPath([...path, text])}>
                {text} <span aria-hidden="true">›</span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
