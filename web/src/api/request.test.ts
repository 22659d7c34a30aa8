import { expect, it } from 'vitest';
import { ApiError, errorOf, mayPass, unanswered } from './request.ts';
import { servedOf } from './served.tsx';

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

it('what was not answered may have been done, where it is a change', () => {
  expect([unanswered(true, false), unanswered(false, true)]).toEqual([
    'the agent does not answer in time',
    'the agent cannot be reached',
  ]);
  expect(unanswered(true, true)).toContain('it may still do this');
});

it('a path is served where GET of it is', () => {
  const served = servedOf([
    { method: 'GET', routes: ['/a', '/b'] },
    { method: 'POST', routes: ['/c'] },
  ]);
  expect(['/a', '/c'].map((path) => served.has(path))).toEqual([true, false]);
});
