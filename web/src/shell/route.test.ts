import { describe, expect, it } from 'vitest';
import { ApiError, errorOf, mayPass } from '../api/request.ts';
import { servedOf } from '../api/served.tsx';
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

it.each([
  ['{"error":{"code":"OPSBRO_API_NOT_FOUND","message":"no check"}}', 'OPSBRO_API_NOT_FOUND', 'no check'],
  ['{"error":"text"}', '', 'text'],
  ['<html>', '', 'the agent answered 502'],
  ['{}', '', 'the agent answered 502'],
])('an answer of %s is an error in the words of the agent', (text, code, message) => {
  expect(errorOf(502, text)).toMatchObject({ status: 502, code, message });
});

it.each([
  [0, true],
  [404, false],
  [401, false],
  [429, true],
  [503, true],
])('what failed with %i is worth a second question: %j', (status, expected) => {
  expect(mayPass(new ApiError(status, '', ''))).toBe(expected);
});

it('a path is served where GET of it is', () => {
  const served = servedOf([
    { method: 'GET', routes: ['/a', '/b'] },
    { method: 'POST', routes: ['/c'] },
  ]);
  expect(['/a', '/c'].map((path) => served.has(path))).toEqual([true, false]);
});
