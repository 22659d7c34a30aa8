import { useCurrentInSight } from '../parts/in-sight.ts';
import { isWithin, namedPages } from './pages.ts';
import { linkTo } from './route.ts';

/** Links to every page, with how many problems wait at the checks. */
export function Navigation({ page, problems }: { page: string; problems: number }) {
  // On a narrow screen the links stand in one line that is longer than the screen, and grows by the digits of the count.
  const digits = problems === 0 ? 0 : String(problems).length;
  const list = useCurrentInSight<HTMLElement>(`${page} ${digits}`);
  return (
    <nav class="pages" aria-label="Pages" ref={list}>
      <ul>
        {namedPages.map((named) => (
          <li key={named.page}>
            <a href={linkTo([named.page])} aria-current={isWithin(named, page) ? 'page' : undefined}>
              {named.title}
              {named.page === 'checks' && problems > 0 && (
                <span class="count">
                  {problems}
                  <span class="unseen"> problems</span>
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
