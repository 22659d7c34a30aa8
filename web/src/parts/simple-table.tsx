import type { ComponentChildren } from 'preact';

interface Props {
  label: string;
  titles: readonly string[];
  /** Of each row its key, then what stands in its cells; the first names the row. */
  rows: readonly [key: string, ...cells: ComponentChildren[]][];
}

/** A table of some rows, which scrolls sideways where it is too wide. Without rows there is none. */
export function SimpleTable({ label, titles, rows }: Props) {
  if (rows.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
    <section class="scrolls" tabIndex={0} aria-label={`Table: ${label}`}>
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
                <td key={index}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
