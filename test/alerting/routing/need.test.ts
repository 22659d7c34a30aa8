import { describe, expect, it } from 'vitest';
import type { Alert, HandlerPolicy, Hold, Told } from '../../../alerting/routing/model.ts';
import { escalationOf, findNeed } from '../../../alerting/routing/need.ts';
import { sampleAlert, sampleHandler } from './samples.ts';

const at = 10_000;
const told: Told = { state: 'critical', episode: 1, at: 2000, repeats: 0 };
const downtime: Hold = { kind: 'downtime', text: 'downtime d1', until: 50_000 };

interface Row {
  it: string;
  handler?: Partial<HandlerPolicy>;
  alert?: Partial<Alert>;
  told?: Told;
  holds?: Hold[];
  need: string | null;
  outcome: string;
  reason: RegExp;
  nextAt?: number | null;
}

const ok = { state: 'ok', oldState: 'critical', episode: 2, problemSince: null } as const;
const rows: Row[] = [
  { it: 'a new problem', need: 'problem 0', outcome: 'told', reason: /new problem/ },
  { it: 'a problem that was told', told, need: null, outcome: 'up-to-date', reason: /told already/ },
  {
    it: 'a problem that became another',
    alert: { state: 'warning', episode: 2 },
    told,
    need: 'problem 0',
    outcome: 'told',
    reason: /told critical before/,
  },
  {
    it: 'the same state in a new episode',
    alert: { episode: 3 },
    told,
    need: 'problem 0',
    outcome: 'told',
    reason: /told critical/,
  },
  {
    it: 'the end of a problem that was told',
    alert: ok,
    told,
    need: 'recovery 0',
    outcome: 'told',
    reason: /ok again/,
  },
  {
    it: 'the end of a problem that was not told',
    alert: ok,
    need: null,
    outcome: 'up-to-date',
    reason: /no problem/,
  },
  {
    it: 'a check that stays ok after its recovery was told',
    alert: ok,
    told: { state: 'ok', episode: 2, at: 3000, repeats: 0 },
    need: null,
    outcome: 'up-to-date',
    reason: /^the check is ok, as it was told$/,
  },
  {
    it: 'the end of a problem in a downtime',
    alert: ok,
    told,
    holds: [downtime],
    need: 'recovery 0',
    outcome: 'told',
    reason: /ok again/,
  },
  {
    it: 'a recovery where only problems are wanted',
    handler: { severities: ['critical'] },
    alert: ok,
    told,
    need: null,
    outcome: 'not-wanted',
    reason: /lack 'ok'/,
  },
  {
    it: 'a check that was taken out',
    alert: { removed: true },
    told,
    need: 'recovery 0',
    outcome: 'told',
    reason: /no longer run here/,
  },
  {
    it: 'a severity that is not wanted',
    handler: { severities: ['warning'] },
    need: null,
    outcome: 'not-wanted',
    reason: /lack 'critical'/,
  },
  {
    it: 'a handler that is off',
    handler: { enabled: false },
    need: null,
    outcome: 'not-wanted',
    reason: /not enabled/,
  },
  {
    it: 'a handler of another group',
    handler: { inGroup: false },
    need: null,
    outcome: 'not-wanted',
    reason: /if_group/,
  },
  {
    it: 'a handler the check does not name',
    alert: { handlers: ['slack'] },
    need: null,
    outcome: 'not-wanted',
    reason: /does not name/,
  },
  { it: 'a check in shadow mode', alert: { shadow: true }, need: null, outcome: 'held', reason: /shadow/ },
  {
    it: 'a problem in a downtime',
    holds: [downtime],
    need: null,
    outcome: 'held',
    reason: /^downtime d1$/,
    nextAt: 50_000,
  },
  {
    it: 'a problem in quiet hours',
    handler: { quietUntil: () => 60_000 },
    need: null,
    outcome: 'held',
    reason: /quiet hours/,
    nextAt: 60_000,
  },
  {
    it: 'a reminder that is not due',
    handler: { repeatIntervalMs: 60_000 },
    told,
    need: null,
    outcome: 'up-to-date',
    reason: /told already/,
    nextAt: 62_000,
  },
  {
    it: 'a reminder that is due',
    handler: { repeatIntervalMs: 8000 },
    told,
    need: 'problem 1',
    outcome: 'told',
    reason: /reminder 1/,
  },
  {
    it: 'a later step of the escalation',
    alert: { handlers: [], escalation: [{ afterMs: 20_000, handlers: ['mail'] }] },
    need: null,
    outcome: 'waits',
    reason: /escalation/,
    nextAt: 21_000,
  },
  {
    it: 'a step of the escalation that is reached',
    alert: { handlers: [], escalation: [{ afterMs: 5000, handlers: ['mail'] }] },
    need: 'problem 0',
    outcome: 'told',
    reason: /new problem/,
  },
];

describe('findNeed', () => {
  it.each(rows)('judges $it', (row) => {
    const holds = { holds: row.holds ?? [], nextAt: row.holds?.[0]?.until ?? null };
    const finding = findNeed(sampleHandler(row.handler), sampleAlert(row.alert), row.told, holds, at);
    expect(finding.need === null ? null : `${finding.need.type} ${finding.need.repeat}`).toBe(row.need);
    expect(finding.decision.outcome).toBe(row.outcome);
    expect(finding.decision.reason).toMatch(row.reason);
    expect(finding.nextAt).toBe(row.nextAt ?? null);
  });

  it('is held until the last hold ends, and nobody knows until when where one has no end', () => {
    const silence: Hold = { kind: 'silence', text: 'silence s1', until: 90_000 };
    const known: Hold = { kind: 'acknowledgement', text: 'acknowledged', until: null };
    const until = (holds: Hold[]): number | null =>
      findNeed(sampleHandler(), sampleAlert(), undefined, { holds, nextAt: null }, at).decision.until;
    expect(until([downtime, silence])).toBe(90_000);
    expect(until([silence, downtime])).toBe(90_000);
    expect(until([known, silence])).toBeNull();
  });

  it('adds the steps of the handlers that are told at once', () => {
    const mail = sampleHandler({ escalation: [{ afterMs: 1000, handlers: ['boss'] }] });
    const slack = sampleHandler({ name: 'slack', escalation: [{ afterMs: 9000, handlers: ['ceo'] }] });
    expect(escalationOf([{ afterMs: 5, handlers: ['me'] }], ['mail'], [mail, slack])).toEqual([
      { afterMs: 5, handlers: ['me'] },
      { afterMs: 1000, handlers: ['boss'] },
    ]);
  });
});
