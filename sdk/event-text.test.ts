import { describe, expect, it } from 'vitest';
import type { HandlerEvent } from './context.ts';
import { alertsOf, bodyOf, cutText, factsOf, runbookOf, severityOf, titleOf } from './event-text.ts';
import { testEvent } from './testing/index.ts';

const problem = testEvent('problem');
const grouped = testEvent('problem', {
  alerts: [
    { name: 'load', state: 'warning', output: 'load is\n9' },
    { name: 'disk', state: 'critical', output: 'full' },
  ],
});
const other = (type: HandlerEvent['type']): HandlerEvent => testEvent(type);

describe('an event in words', () => {
  it.each([
    ['a problem', problem, 'critical', 'CRITICAL Load average on web1'],
    [
      'a repeated problem',
      testEvent('problem', { repeat: 2 }),
      'critical',
      'CRITICAL (still) Load average on web1',
    ],
    ['a recovery', testEvent('recovery'), 'ok', 'OK Load average on web1'],
    [
      'a check that no longer runs',
      testEvent('recovery', { removed: true }),
      'info',
      'CLOSED Load average on web1',
    ],
    [
      'a group of which one check is well again and one is gone',
      testEvent('recovery', {
        alerts: [
          { name: 'load', state: 'ok', removed: true },
          { name: 'disk', state: 'ok' },
        ],
      }),
      'ok',
      'OK disk and 1 more on web1',
    ],
    ['a group of problems, by the worst', grouped, 'critical', 'CRITICAL disk and 1 more on web1'],
    [
      'a group of which one check is well again',
      testEvent('problem', {
        alerts: [
          { name: 'load', state: 'ok' },
          { name: 'disk', state: 'warning', repeat: 1 },
        ],
      }),
      'warning',
      'WARNING (still) disk and 1 more on web1',
    ],
    ['a change of groups', other('group'), 'info', 'group redis was added on web1'],
    ['trouble of the agent', other('agent'), 'warning', 'something happened on web1'],
    [
      'the end of trouble of the agent',
      testEvent('agent', { change: 'ended' }),
      'ok',
      'something happened on web1',
    ],
    ['a node that is dead', testEvent('node'), 'critical', 'node db1 is dead (zone paris), seen by web1'],
    [
      'one that does not answer',
      testEvent('node', { what: 'suspect' }),
      'warning',
      'node db1 is dead (zone paris), seen by web1',
    ],
    [
      'a zone of which nobody is heard',
      testEvent('node', { what: 'unreachable' }),
      'critical',
      'node db1 is dead (zone paris), seen by web1',
    ],
    [
      'a node on which nothing fails any more',
      testEvent('node', { what: 'checks', removed: ['redis'] }),
      'ok',
      'node db1 is dead (zone paris), seen by web1',
    ],
    ['a test', other('test'), 'info', '[TEST] OpsBro on web1'],
    ['a canary', other('canary'), 'info', '[CANARY] OpsBro on web1'],
  ])('has severity and title: %s', (_, event, severity, title) => {
    expect([severityOf(event), titleOf(event)]).toEqual([severity, title]);
  });

  it('has a body with all that helps', () => {
    expect(bodyOf(problem)).toBe(
      'load is 42\ncpu0 98%\ncpu1 97%\nrestart the queue first\nhttps://wiki.example.org/load',
    );
    expect(bodyOf(grouped)).toBe('WARNING load: load is 9\nCRITICAL disk: full');
    expect(bodyOf(other('group'))).toBe('group redis was added');
  });

  it('has facts about a node of the cluster, and names of many', () => {
    expect(factsOf(testEvent('node'))).toEqual([
      { title: 'Node', value: 'db1' },
      { title: 'Zone', value: 'paris' },
      { title: 'Addresses', value: '10.0.0.7' },
      { title: 'Groups', value: 'linux, redis' },
      { title: 'Failing', value: 'redis' },
      { title: 'Seen by', value: 'web1' },
    ]);
    const many = {
      ...testEvent('node'),
      data: { what: 'dead', count: 2, nodes: [{ name: 'a' }, { name: 'b' }] },
    };
    expect(factsOf(many)).toEqual([
      { title: 'Node', value: 'a, b' },
      { title: 'Seen by', value: 'web1' },
    ]);
  });

  it('has facts, labels among them', () => {
    expect(factsOf(problem)).toEqual([
      { title: 'Node', value: 'web1' },
      { title: 'Check', value: 'load' },
      { title: 'Before', value: 'ok' },
      { title: 'team', value: 'web' },
    ]);
    expect(factsOf(grouped)).toEqual([
      { title: 'Node', value: 'web1' },
      { title: 'Check', value: 'load, disk' },
    ]);
    expect(factsOf(other('group'))).toEqual([{ title: 'Node', value: 'web1' }]);
    expect(alertsOf(other('group'))).toEqual([]);
  });

  it.each([
    ['https://wiki.example.org/load', 'https://wiki.example.org/load'],
    [' https://wiki/load average ', 'https://wiki/load%20average'],
    ['see the red folder', undefined],
    ['javascript:alert(1)', undefined],
    ['https://[bad', undefined],
    ['https://wiki.example.org', 'https://wiki.example.org'],
    [`https://wiki.example.org/${'x'.repeat(2048)}`, undefined],
    ['', undefined],
  ])('has a link where its runbook is a page: %s', (runbook, link) => {
    expect(runbookOf(testEvent('problem', { runbook }))).toBe(link);
  });

  it('has the link of the first of several checks, and none without a check', () => {
    const alerts = [
      { name: 'disk', runbook: 'https://wiki.example.org/disk' },
      { name: 'load', runbook: '' },
    ];
    expect(runbookOf(testEvent('problem', { alerts }))).toBe('https://wiki.example.org/disk');
    expect(runbookOf(other('group'))).toBeUndefined();
  });

  it('stands what older agents leave out', () => {
    const bare: HandlerEvent = { ...problem, data: { name: 'load', state: 'unknown', output: '' } };
    expect([severityOf(bare), titleOf(bare), bodyOf(bare)]).toEqual([
      'unknown',
      'UNKNOWN load on web1',
      problem.summary,
    ]);
  });
});

it.each([
  ['short', 5, 'short'],
  ['longer', 5, 'long…'],
  ['ab😀cd', 4, 'ab…'],
])('cuts %j to %i', (text, max, cut) => {
  expect(cutText(text, max)).toBe(cut);
});
