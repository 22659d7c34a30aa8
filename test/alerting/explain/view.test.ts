import { describe, expect, it } from 'vitest';
import type { ExplainRecord } from '../../../alerting/explain/model.ts';
import { recall } from '../../../alerting/explain/recall.ts';
import { decisionRecords, deliveryRecord } from '../../../alerting/explain/records.ts';
import { Ring } from '../../../alerting/explain/ring.ts';
import { seenValues } from '../../../alerting/explain/seen.ts';
import {
  type ExplanationFacts,
  type ExplanationView,
  explanationView,
  type HandlerNow,
} from '../../../alerting/explain/view.ts';
import { pendingStatus } from '../../../alerting/model.ts';
import { MemoryStore } from './memory-store.ts';
import { decision, delivery, step } from './samples.ts';

const iso = (at: number): string => new Date(at).toISOString();

async function explain(
  records: ExplainRecord[],
  at: number,
  now: Partial<ExplanationFacts['now']> | null = null,
): Promise<ExplanationView> {
  const ring = new Ring(() => 0);
  await ring.load(new MemoryStore());
  for (const record of records) ring.add(record);
  const recalled = await recall((subjects, until) => ring.about(subjects, until), 'p/check/c', at);
  const present = { status: pendingStatus, attempts: 3, seen: [], holds: [], handlers: [], supposed: null };
  return explanationView({
    at,
    since: 0,
    knownSince: ring.knownSince(),
    written: [],
    parents: [],
    recalled,
    now: now === null ? null : { ...present, ...now },
  });
}

const routed = (more: Partial<HandlerNow['decision']>, told?: HandlerNow['told']): HandlerNow => ({
  handler: 'mail',
  decision: { outcome: 'up-to-date', reason: 'it was told already', until: null, ...more },
  told,
  group: '',
  outbox: [],
});

describe('an explanation of a time that has passed', () => {
  const held = decision(12, 'held', { reason: "downtime 'work'", until: 40 });
  const told = decision(40, 'told');
  const story = [
    step(10, 'critical', {
      hard: false,
      seen: [{ key: 'collector.disk.used', value: 97, at: 9_000 - 8_995 }],
    }),
    step(12, 'critical', { cause: 'attempts', attempt: 3 }),
    held,
    told,
    delivery(41, told.key, { outcome: 'failed', code: 'OPSBRO_PLUGIN_TIMEOUT', message: 'late' }),
    delivery(50, told.key),
    delivery(51, told.key, { handler: 'slack' }),
    step(60, 'ok', { oldState: 'critical', oldHardState: 'critical' }),
  ];

  it('tells the last step, what it saw and how old that was, and nothing of what came later', async () => {
    const view = await explain(story, 11);
    expect(view).toMatchObject({ at: iso(11), past: true, known_since: iso(10), handlers: [] });
    expect(view.last_step).toMatchObject({ at: iso(10), state: 'critical', hard: false });
    expect(view.seen).toEqual([{ key: 'collector.disk.used', value: 97, age: 0.005 }]);
    expect(view.steps).toHaveLength(1);
  });

  it('tells what held a handler back then, and when it was told, with each attempt', async () => {
    expect((await explain(story, 30)).handlers).toEqual([
      {
        name: 'mail',
        outcome: 'held',
        reason: "downtime 'work'",
        until: iso(40),
        decided_at: iso(12),
        group: '',
        told: null,
        deliveries: [],
        delivery: null,
      },
    ]);
    expect((await explain(story, 55)).handlers).toMatchObject([
      {
        outcome: 'told',
        told: { at: iso(40), state: 'critical', key: told.key },
        deliveries: [{ outcome: 'failed', code: 'OPSBRO_PLUGIN_TIMEOUT' }, { outcome: 'delivered' }],
        delivery: { state: 'delivered', at: iso(50), attempts: 1, last_error: 'late' },
      },
    ]);
  });

  it('says that a problem was over where the last decision is older than its end', async () => {
    const quiet = [step(10, 'critical'), held, step(60, 'ok', { oldHardState: 'critical' })];
    expect((await explain(quiet, 70)).handlers).toMatchObject([
      { outcome: 'up-to-date', reason: 'the problem was over' },
    ]);
  });

  it('knows nothing before its first record', async () => {
    expect(await explain(story, 5)).toMatchObject({ last_step: null, steps: [], handlers: [], seen: [] });
  });
});

describe('an explanation of now', () => {
  it('tells with which key a handler was told, and how that went', async () => {
    const told = decision(40, 'told');
    const now = { handlers: [routed({}, { state: 'critical', episode: 1, at: 40, repeats: 2 })] };
    expect((await explain([told, delivery(41, told.key)], 50, now)).handlers).toMatchObject([
      {
        name: 'mail',
        outcome: 'up-to-date',
        told: { at: iso(40), key: told.key, repeats: 2 },
        deliveries: [{ outcome: 'delivered' }],
      },
    ]);
  });

  it('has no key for what was told before its records begin', async () => {
    const now = { handlers: [routed({}, { state: 'critical', episode: 1, at: 40, repeats: 0 })] };
    expect((await explain([], 50, now)).handlers[0]?.told).toEqual({
      at: iso(40),
      state: 'critical',
      key: null,
      repeats: 0,
    });
  });

  it('says what a handler waits for that is to be told', async () => {
    const waits = decision(20, 'waits', { reason: 'for the group pack=p', until: 30 });
    const now = { handlers: [routed({ outcome: 'told', reason: 'a new problem' })] };
    expect((await explain([waits], 21, now)).handlers).toMatchObject([
      { outcome: 'waits', reason: 'for the group pack=p', until: iso(30), decided_at: iso(20) },
    ]);
    expect((await explain([], 21, now)).handlers).toMatchObject([
      { outcome: 'waits', reason: 'a new problem', decided_at: null },
    ]);
  });

  it('has no end for what never ends', async () => {
    const until = Number.POSITIVE_INFINITY;
    const now = { handlers: [routed({ outcome: 'held', reason: 'quiet hours', until })] };
    expect((await explain([], 50, now)).handlers).toMatchObject([{ outcome: 'held', until: null }]);
  });

  it('says that a state is soft to whom nobody has told of it', async () => {
    const status = { ...pendingStatus, state: 'critical', hard: false, attempt: 2, pendingFor: 7 } as const;
    const now = { status, handlers: [routed({ reason: 'the check is ok' })] };
    expect((await explain([], 21, now)).handlers).toMatchObject([
      {
        outcome: 'waits',
        reason: `its state is soft (attempt 2 of 3, not ok since ${iso(7)}): nobody is told before it is hard`,
      },
    ]);
  });
});

describe('records', () => {
  it('leave out decisions about checks that are ok and that nobody was told of', () => {
    const { kind: _kind, ...fine } = decision(1, 'up-to-date', { state: 'ok' });
    expect(decisionRecords(fine)).toEqual([]);
    expect(decisionRecords({ ...fine, outcome: 'told' })).toHaveLength(1);
  });

  it.each([
    [{ status: 'delivered' } as const, { outcome: 'delivered', code: '', message: '' }],
    [{ status: 'unavailable', message: 'off' } as const, { outcome: 'failed', code: '', message: 'off' }],
  ])('tell of %j as %j', (how, expected) => {
    expect(deliveryRecord('mail', 'k', how, 3)).toEqual({
      kind: 'delivery',
      at: 3,
      handler: 'mail',
      key: 'k',
      ...expected,
    });
  });

  it('tell the code of a failure', () => {
    const how = { status: 'failed', code: 'X', message: 'm', isPermanent: true, retryAfterMs: null } as const;
    expect(deliveryRecord('mail', 'k', how, 3)).toMatchObject({ outcome: 'failed', code: 'X', message: 'm' });
  });
});

describe('seen values', () => {
  it('are kept once a key, cut where they are long, and null where there are none', () => {
    const long = 'x'.repeat(300);
    expect(
      seenValues([
        { key: 'a', value: 5, at: 1 },
        { key: 'a', value: 6, at: 1 },
        { key: 'b', value: undefined, at: 1 },
        { key: 'c', value: long, at: 2 },
        { key: 'd', value: { deep: [1] }, at: 2 },
        { key: 'e', value: [long], at: 2 },
      ]),
    ).toEqual([
      { key: 'a', value: 5, at: 1 },
      { key: 'b', value: null, at: null },
      { key: 'c', value: `${long.slice(0, 200)}…`, at: 2 },
      { key: 'd', value: { deep: [1] }, at: 2 },
      { key: 'e', value: `["${long.slice(0, 198)}…`, at: 2 },
    ]);
  });

  it('are twenty at most', () => {
    const many = Array.from({ length: 50 }, (_, index) => ({ key: `k${index}`, value: index, at: 1 }));
    expect(seenValues(many)).toHaveLength(20);
  });
});
