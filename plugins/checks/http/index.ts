import { isIP } from 'node:net';
import {
  type Context,
  defineCheck,
  expiryMetric,
  type Finding,
  judgeExpiry,
  type Metric,
  metricOf,
  nameOf,
  readQuantity,
  stateOf,
  verdictOf,
} from 'opsbro/sdk';
import { judgeAnswer } from './answer.ts';
import { type Options, requestOf, shownUrl } from './options.ts';

/** The certificate's expiry, by a second connection: an answer does not tell it. Only where a limit is set. */
async function judgeCertificate(
  ctx: Context<Options>,
): Promise<{ finding: Finding; days: Metric } | undefined> {
  const { url, ca_file, expiry_warning: warning, expiry_critical: critical, give_up_after } = ctx.options;
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'https:' || (warning === undefined && critical === undefined)) return undefined;
  const servername = nameAsked(ctx.options.headers);
  const connection = await ctx.tcp(hostname.replaceAll(/[[\]]/g, ''), Number(port || 443), {
    tls: {
      verify: false,
      ...(servername !== undefined && { servername }),
      ...(ca_file !== undefined && { caFile: ca_file }),
    },
    timeoutMs: readQuantity(give_up_after) * 1000,
  });
  connection.close();
  if (connection.certificate === undefined) return undefined;
  const limits = { warning, critical };
  const nowMs = ctx.clock.now();
  return {
    finding: judgeExpiry(connection.certificate, nowMs, limits),
    days: expiryMetric(connection.certificate, nowMs, limits),
  };
}

/** The name that a header Host gives, by which the request asks for a certificate as well; undefined for an address and where there is none. */
function nameAsked(headers: Options['headers']): string | undefined {
  const host = Object.entries(headers).findLast(([name]) => name.toLowerCase() === 'host')?.[1];
  const name = nameOf(host);
  return name === undefined || isIP(name.replaceAll(/[[\]]/g, '')) !== 0 ? undefined : name;
}

/** Sends the request and judges the answer; no answer is CRITICAL. */
export default defineCheck<Options>({
  async check(ctx) {
    const { options } = ctx;
    const subject = shownUrl(options.url);
    try {
      const answer = await ctx.http(requestOf(options));
      const certificate = await judgeCertificate(ctx);
      const seconds = answer.durationMs / 1000;
      const took = { state: stateOf(seconds, options), text: `it took ${seconds.toFixed(3)} s` };
      const findings = [...judgeAnswer(answer, options), took];
      if (certificate !== undefined) findings.push(certificate.finding);
      return verdictOf(subject, findings, {
        time: metricOf(seconds, 's', options, 0),
        size: metricOf(Buffer.byteLength(answer.text), 'B', {}, 0),
        ...(certificate !== undefined && { days: certificate.days }),
      });
    } catch (thrown) {
      ctx.signal.throwIfAborted();
      const { code, message } = thrown as { code?: unknown; message?: unknown };
      if (code !== 'OPSBRO_HOST_NETWORK') throw thrown;
      return verdictOf(subject, [{ state: 'critical', text: String(message) }], {
        time: metricOf(null, 's', options, 0),
      });
    }
  },
});
