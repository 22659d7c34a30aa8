import { describe, expect, it } from 'vitest';
import {
  canaryArrived,
  canarySent,
  isCanaryDue,
  isCanaryOverdue,
  readCanary,
} from '../../../alerting/outbox/canary.ts';

const every = 1000;

describe('a canary', () => {
  it('is due at first and then once an interval', () => {
    expect(isCanaryDue(undefined, every, 5)).toBe(true);
    const record = canarySent(undefined, 5);
    expect(isCanaryDue(record, every, 1004)).toBe(false);
    expect(isCanaryDue(record, every, 1005)).toBe(true);
  });

  it('is due soon after a clock was set back by hours', () => {
    expect(isCanaryDue(canarySent(undefined, 50_000), every, 20)).toBe(true);
  });

  it('counts as missing from the first that did not arrive', () => {
    const record = canarySent(canarySent(undefined, 0), 1000);
    expect(record).toMatchObject({ sentAt: 1000, missingSince: 0 });
    expect(isCanaryOverdue(record, 1500, 0, 1500)).toBe(false);
    expect(isCanaryOverdue(record, 1500, 0, 1501)).toBe(true);
    expect(isCanaryOverdue(record, 1500, 900, 2000)).toBe(false);
  });

  it('is fine again once one arrived', () => {
    const record = canaryArrived({ ...canarySent(undefined, 0), overdue: true }, 7);
    expect(record).toEqual({ sentAt: 0, missingSince: null, deliveredAt: 7, delivered: 1, overdue: false });
    expect(isCanaryOverdue(record, 1500, 0, 9999)).toBe(false);
    expect(readCanary(structuredClone({ ...record }))).toEqual(record);
  });

  it.each([[null], [3], [[]], [{}]])('of the store that is none is left out: %j', (value) =>
    expect(readCanary(value)).toBeUndefined(),
  );
});
