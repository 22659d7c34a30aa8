import { describe, expect, it } from 'vitest';
import { eventOf } from '../../../alerting/routing/event.ts';
import type { Alert, Member, Notification } from '../../../alerting/routing/model.ts';
import { sampleAlert } from './samples.ts';

function notification(members: Member[], group = ''): Notification {
  return { handler: 'local/handler/mail', order: 'o', key: 'k', type: 'problem', members, group };
}

const member = (change: Member['change'], alert: Partial<Alert> = {}, repeat = 0): Member => ({
  alert: sampleAlert(alert),
  change,
  repeat,
});

describe('eventOf', () => {
  it.each([
    [member('new'), 'check load is CRITICAL (was OK): load 9'],
    [member('repeat', {}, 3), 'check load is CRITICAL (reminder 3): load 9'],
    [
      member('recovered', { state: 'ok', oldState: 'critical', output: 'load 0.1' }),
      'check load is OK (was CRITICAL): load 0.1',
    ],
    [
      member('recovered', { oldState: 'critical', removed: true }),
      'check load is no longer run here (was CRITICAL)',
    ],
  ])('says in one line what happened: %#', (only, summary) => {
    expect(eventOf(notification([only]), 'host', 5000, 'mail').summary).toBe(summary);
  });

  it('counts the alerts of a group in one line', () => {
    const members = [
      member('new'),
      member('same', { name: 'disk', state: 'warning' }),
      member('recovered', { name: 'swap', state: 'ok' }),
    ];
    const event = eventOf(notification(members, 'pack=linux'), 'host', 5000, 'mail');
    expect(event.summary).toBe('pack=linux: 1 critical, 1 warning, 1 recovered (load, disk, swap)');
    expect(event.data.alerts).toMatchObject([
      { name: 'load', state: 'critical', change: 'new' },
      { name: 'disk', state: 'warning', change: 'same' },
      { name: 'swap', state: 'ok', change: 'recovered' },
    ]);
  });

  it('takes no check that is gone for one that is well, nor what it said last for its end', () => {
    const gone = member('recovered', { oldState: 'critical', output: 'disk full', removed: true });
    const well = member('recovered', { name: 'swap', state: 'ok' });
    const { data, summary } = eventOf(notification([gone, well], 'pack=linux'), 'host', 5000, 'mail');
    expect(summary).toBe('pack=linux: 1 recovered, 1 no longer run here (load, swap)');
    expect(data).toMatchObject({ state: 'ok', removed: true, output: 'the check is no longer run here' });
    expect(data.alerts).toMatchObject([{ perfdata: '' }, { name: 'swap', removed: false }]);
  });

  it('carries everything of the check, and which step of the escalation calls', () => {
    const alert = {
      notes: 'see wiki',
      perfdata: [{ label: 'load1', value: 9, unit: '', warn: '4', crit: '8', min: 0, max: null }],
      runbook: 'https://example.org/load',
      labels: { team: 'web' },
      escalation: [
        { afterMs: 600_000, handlers: ['boss'] },
        { afterMs: 60_000, handlers: ['second'] },
      ],
    };
    const event = eventOf(notification([member('new', alert)]), 'host', 5000, 'boss');
    expect(event).toMatchObject({ key: 'k', type: 'problem', node: 'host', at: 5000 });
    expect(event.data).toMatchObject({
      check: 'linux/check/load',
      perfdata: 'load1=9;4;8;0',
      state: 'critical',
      old_state: 'ok',
      escalation: 2,
      notes: 'see wiki',
      runbook: 'https://example.org/load',
      labels: { team: 'web' },
      group: '',
    });
  });
});
