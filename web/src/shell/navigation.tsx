import { isWithin, namedPages } from './pages.ts';
import { linkTo } from './route.ts';

/** Links to every page, with how many problems wait at the checks. */
export function Navigation({ page, problems }: { page: string; problems: number }) {
  return (
    <nav class="pages" aria-label="Pages">
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
