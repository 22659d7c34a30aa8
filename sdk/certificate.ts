import { type Finding, readQuantity } from './judgement.ts';
import type { TlsCertificate } from './network.ts';
import type { Metric } from './values.ts';

/** How long a certificate must still be valid, as options of the format `duration`; absent: whatever is left will do. */
export interface ExpiryLimits {
  warning?: string | undefined;
  critical?: string | undefined;
}

const dayMs = 86_400_000;

/** What OpenSSL and Node call the usual reasons, in words. */
const reasons = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'it is self-signed'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its chain ends in an authority that is not trusted here'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its chain is incomplete: the server does not send the intermediate'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'its chain is incomplete: the server does not send an issuer'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'its issuer is not trusted here'],
  ['CERT_HAS_EXPIRED', 'a certificate of its chain has expired'],
  ['CERT_NOT_YET_VALID', 'a certificate of its chain is not valid yet'],
  ['CERT_REVOKED', 'it is revoked'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'it is for other names'],
]);

/**
 * Judges how long a certificate is still valid.
 * @example `judgeExpiry(connection.certificate, ctx.clock.now(), { warning: '21d', critical: '7d' }).state`
 */
export function judgeExpiry(certificate: TlsCertificate, nowMs: number, limits: ExpiryLimits): Finding {
  const leftMs = certificate.validToMs - nowMs;
  const isBelow = (limit: string | undefined): boolean =>
    limit !== undefined && leftMs < readQuantity(limit) * 1000;
  const state =
    leftMs <= 0 || isBelow(limits.critical) ? 'critical' : isBelow(limits.warning) ? 'warning' : 'ok';
  const when = new Date(certificate.validToMs).toISOString().slice(0, 10);
  const left = `${Math.floor(Math.abs(leftMs) / dayMs)} days`;
  const text = leftMs <= 0 ? `expired ${left} ago, on ${when}` : `is valid for ${left}, until ${when}`;
  return { state, text: `the certificate of ${certificate.subject || 'no name'} ${text}` };
}

/** Judges those that vouch for a certificate, by the same limits; what is well is left out. */
export function judgeIssuers(certificate: TlsCertificate, nowMs: number, limits: ExpiryLimits): Finding[] {
  const findings = (certificate.issuers ?? []).map((issuer) =>
    judgeExpiry({ ...certificate, ...issuer }, nowMs, limits),
  );
  return findings.filter(({ state }) => state !== 'ok');
}

/** Whole days that a certificate is still valid, for graphs, with the limits as thresholds. */
export function expiryMetric({ validToMs }: TlsCertificate, nowMs: number, limits: ExpiryLimits): Metric {
  const days = (limit: string): string => `${Math.round((readQuantity(limit) / 86_400) * 100) / 100}:`;
  return {
    value: Math.floor((validToMs - nowMs) / dayMs),
    ...(limits.warning !== undefined && { warning: days(limits.warning) }),
    ...(limits.critical !== undefined && { critical: days(limits.critical) }),
  };
}

/** Judges whether a certificate is trusted for `name`: its chain, and the names it is for. Needs a connection with `verify: false`. */
export function judgeTrust({ error, names }: TlsCertificate, name: string): Finding {
  if (error === null) return { state: 'ok', text: `it is trusted for ${name}` };
  const reason = reasons.get(error) ?? error;
  const others = error === 'ERR_TLS_CERT_ALTNAME_INVALID' ? `: ${names || 'none'}` : '';
  return { state: 'critical', text: `the certificate is not trusted for ${name}: ${reason}${others}` };
}
