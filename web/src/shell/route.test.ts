import { describe, expect, it } from 'vitest';
import { isWithin, namedPages } from './pages.ts';
import { checkLink, linkTo, readRoute } from './route.ts';

describe('addresses', () => {
  it('lead to a page, and begin at the overview', () => {
    expect(readRoute('')).toMatchObject({ page: 'overview', rest: [] });
    expect(readRoute('#/')).toMatchObject({ page: 'overview' });
    const id = 'push/check/web 1%2F/a?b&c';
    const route = readRoute(checkLink(id));
    expect([route.page, route.rest]).toEqual(['check', [id]]);
    expect(readRoute('#/checks/%E0%A4%A').rest).toEqual(['%E0%A4%A']);
  });

  it('carry a query without what is empty', () => {
    const link = linkTo(['checks'], { state: 'critical', text: '', host: 'a&b' });
    expect(link).toBe('#/checks?state=critical&host=a%26b');
    expect(Object.fromEntries(readRoute(link).query)).toEqual({ state: 'critical', host: 'a&b' });
  });

  it('are part of what the navigation names', () => {
    expect(namedPages.filter((page) => isWithin(page, 'check')).map(({ page }) => page)).toEqual(['checks']);
  });
});
