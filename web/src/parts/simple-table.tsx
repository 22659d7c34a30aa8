import type { ComponentChildren } from 'preact';
import { LongText } from './long-text.tsx';

interface Props {
  label: string;
  titles: readonly string[];
  /** Of each row its key, then what stands in its cells; the first names the row. */
  rows: readonly [key: string, ...cells: ComponentChildren[]][];
}

/**
 * A table of some rows, which scrolls sideways where it is too wide; on narrow screens each row is a list of its cells. Without
 * rows there is none.
 */
export function SimpleTable({ label, titles, rows }: Props) {
  if (rows.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
    <section class="scrolls lists" tabIndex={0} aria-label={`Table: ${label}`}>
      <table>
        <thead>
          <tr>
            {titles.map((title) =>
              title === '' ? (
                <td key={title} />
              ) : (
                <th scope="col" key={title}>
                  {title}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map(([key, first, ...rest]) => (
            <tr key={key}>
              <th scope="row">{first}</th>
              {rest.map((cell, index) => (
                <td data-title={titles[index + 1]} key={index}>
                  {typeof cell === 'string' ? <LongText text={cell} /> : cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
