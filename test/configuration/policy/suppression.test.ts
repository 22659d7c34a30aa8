import { afterEach, beforeEach, expect, it } from 'vitest';
import { createWorkbench, lines, type Workbench } from '../workbench.ts';

let made: Workbench;

beforeEach(() => {
  made = createWorkbench();
});
afterEach(() => made.dispose());

it.each([
  [
    'downtime',
    'hours: 08:00-09:00',
    'timezone: Mars',
    '3:13',
    /^downtime: 'timezone': there is no time zone 'Mars'/,
  ],
  ['downtime', 'from: 2027-01-01 00:00', 'until: never', '3:10', /^downtime: 'until' is 'never'/],
  ['downtime', 'duration: 2h', 'notes: moving', '1:1', /^downtime: it lacks 'from'/],
  ['silence', 'by: ann', 'until: soon', '3:10', /^silence: 'until' is 'soon'/],
])('a %s with a wrong key is told of where that key stands', (kind, first, second, at, message) => {
  made.write('it.yml', `${kind}:\n  ${first}\n  ${second}\n  match: check=disk\n`);
  const [found = ''] = lines(made.load().diagnostics);
  expect(found).toMatch(new RegExp(`^it\\.yml:${at} error `));
  expect(found.replace(/^\S+ error /, '')).toMatch(message);
});
