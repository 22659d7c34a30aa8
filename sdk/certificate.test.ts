import { describe, expect, it } from 'vitest';
import { expiryMetric, judgeExpiry, judgeIssuers, judgeTrust } from './certificate.ts';

const nowMs = Date.UTC(2026, 0, 1);
const limits = { warning: '21d', critical: '7d' };
const validFor = (days: number) => ({
  subject: 'web1.example.org',
  issuer: 'Test CA',
  names: 'DNS:web1.example.org',
  validFromMs: 0,
  validToMs: nowMs + days * 86_400_000,
  fingerprint256: 'AB:CD',
  error: null,
});

describe('judgeExpiry', () => {
  it.each([
    [90, 'ok', 'is valid for 90 days, until 2026-04-01'],
    [20, 'warning', 'is valid for 20 days'],
    [6.5, 'critical', 'is valid for 6 days'],
    [-3, 'critical', 'expired 3 days ago, on 2025-12-29'],
  ])('says of one with %d days: %s', (days, state, text) => {
    const found = judgeExpiry(validFor(days), nowMs, limits);
    expect(found.state).toBe(state);
    expect(found.text).toContain(`the certificate of web1.example.org ${text}`);
  });

  it('says of one that has expired critical, without limits too', () => {
    expect(judgeExpiry(validFor(-1), nowMs, {}).state).toBe('critical');
    expect(judgeExpiry(validFor(0.1), nowMs, {}).state).toBe('ok');
  });
});

it('judges those that vouch for a certificate by the same limits', () => {
  const issuers = [
    { subject: 'Intermediate', validToMs: nowMs + 8 * 86_400_000 },
    { subject: 'Root', validToMs: nowMs + 900 * 86_400_000 },
  ];
  expect(judgeIssuers({ ...validFor(90), issuers }, nowMs, limits)).toEqual([
    { state: 'warning', text: 'the certificate of Intermediate is valid for 8 days, until 2026-01-09' },
  ]);
  expect(judgeIssuers(validFor(90), nowMs, limits)).toEqual([]);
});

it('counts the days that are left', () => {
  expect(expiryMetric(validFor(20.7), nowMs, { warning: '21d' })).toEqual({
    value: 20,
    warning: '21:',
  });
});

describe('judgeTrust', () => {
  it.each([
    [null, 'ok', 'it is trusted for web2'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'critical', 'not trusted for web2: it is self-signed'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'critical', 'it is for other names: DNS:web1.example.org'],
    ['SOMETHING_NEW', 'critical', 'not trusted for web2: SOMETHING_NEW'],
  ])('says of %s: %s', (error, state, text) => {
    const found = judgeTrust({ ...validFor(1), error }, 'web2');
    expect(found.state).toBe(state);
    expect(found.text).toContain(text);
  });
});
