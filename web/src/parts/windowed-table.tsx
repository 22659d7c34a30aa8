import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { stretchOf } from './windowed.ts';

/** A column of a table: its title, and what stands in it. */
export interface Column<Row> {
  title: string;
  /** Goes into the class of its cells, `c-…`, which says how wide it is. */
  name: string;
  cell(row: Row): ComponentChildren;
}

interface Props<Row> {
  label: string;
  /** Class of the grid, which sets the widths of the columns. */
  grid: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf(row: Row): string;
  empty: string;
  /** Lines of a row on narrow screens: what `--lines` of its grid come to. */
  lines?: 2 | 3;
}

const rowHeight = 36;
const narrowHeights = { 2: 64, 3: 84 };
const narrow = '(max-width: 719px)';

/** How high rows are here: on narrow screens they take some lines. */
function useRowHeight(lines: 2 | 3): number {
  const [isNarrow, setNarrow] = useState(() => matchMedia(narrow).matches);
  useEffect(() => {
    const media = matchMedia(narrow);
    const read = (): void => setNarrow(media.matches);
    media.addEventListener('change', read);
    return () => media.removeEventListener('change', read);
  }, []);
  return isNarrow ? narrowHeights[lines] : rowHeight;
}

/** What of a scrolling element is in sight; one of a table that was empty is new. */
function useScrolled(isEmpty: boolean) {
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const read = useCallback(() => {
    const element = scroller.current;
    if (element !== null) setView({ top: element.scrollTop, height: element.clientHeight });
  }, []);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (isEmpty || element === null) return undefined;
    read();
    const watch = new ResizeObserver(read);
    watch.observe(element);
    return () => watch.disconnect();
  }, [isEmpty, read]);
  return { scroller, view, read };
}

/** A table of any length, of which only the rows in sight are drawn. It scrolls in itself, by keys too. */
export function WindowedTable<Row>({ label, grid, columns, rows, keyOf, empty, lines = 2 }: Props<Row>) {
  const height = useRowHeight(lines);
  const { scroller, view, read } = useScrolled(rows.length === 0);
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  const { first, last } = stretchOf(rows.length, height, view.top, view.height);
  return (
    // biome-ignore-start lint/a11y/useFocusableInteractive: a table's rows and cells are not focused, unlike a grid's.
    // biome-ignore-start lint/a11y/useSemanticElements: rows that are not drawn cannot be counted by a real table.
    <div class={`table ${grid}`} role="table" aria-label={label} aria-rowcount={rows.length + 1}>
      <div class="table-head" role="row" aria-rowindex={1}>
        {columns.map(({ title, name }) => (
          <div class={`c-${name}`} role="columnheader" key={name}>
            {title}
          </div>
        ))}
      </div>
      <div
        class="table-body"
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
        tabIndex={0}
        role="rowgroup"
        aria-label={`Rows of ${label}`}
        onScroll={read}
      >
        <div class="table-room" role="presentation" style={{ height: `${rows.length * height}px` }}>
          {rows.slice(first, last).map((row, index) => (
            <div
              class="table-row"
              role="row"
              aria-rowindex={first + index + 2}
              key={keyOf(row)}
              style={{ top: `${(first + index) * height}px`, height: `${height}px` }}
            >
              {columns.map(({ name, cell }) => (
                <div class={`c-${name}`} role="cell" key={name}>
                  {cell(row)}
                </div>
              ))}
            </div>
          ))}
        </div>
      </div>
    </div>
    // biome-ignore-end lint/a11y/useSemanticElements: see above.
    // biome-ignore-end lint/a11y/useFocusableInteractive: see above.
  );
}
