import {
  defineCheck,
  expiryMetric,
  judgeExpiry,
  judgeIssuers,
  judgeTrust,
  readQuantity,
  type TlsCertificate,
  type Verdict,
  type VerdictState,
  verdictOf,
} from 'opsbro/sdk';

/** The options of the manifest. */
export interface Options {
  host: string;
  port: number;
  server_name?: string;
  ca_file?: string;
  trust: VerdictState;
  expiry_warning: string;
  expiry_critical: string;
  give_up_after: string;
}

function judge(certificate: TlsCertificate, nowMs: number, subject: string, options: Options): Verdict {
  const { host, server_name = host, trust, expiry_warning: warning, expiry_critical: critical } = options;
  const limits = { warning, critical };
  const trusted = judgeTrust(certificate, server_name);
  const state = trusted.state === 'ok' ? 'ok' : trust;
  const findings = [
    judgeExpiry(certificate, nowMs, limits),
    ...judgeIssuers(certificate, nowMs, limits),
    { ...trusted, state },
  ];
  return verdictOf(subject, findings, { days: expiryMetric(certificate, nowMs, limits) });
}

/** Looks at the certificate without trusting it, so that every fault is told, not the first alone. */
export default defineCheck<Options>({
  async check(ctx) {
    const { host, port, server_name, ca_file, give_up_after } = ctx.options;
    const subject = `port ${port} of ${host}`;
    const tls = {
      verify: false,
      ...(server_name !== undefined && { servername: server_name }),
      ...(ca_file !== undefined && { caFile: ca_file }),
    };
    try {
      const connection = await ctx.tcp(host, port, { tls, timeoutMs: readQuantity(give_up_after) * 1000 });
      connection.close();
      if (connection.certificate !== undefined)
        return judge(connection.certificate, ctx.clock.now(), subject, ctx.options);
      return { state: 'critical', output: `${subject}: the server shows no certificate` };
    } catch (thrown) {
      ctx.signal.throwIfAborted();
      const { code, message } = thrown as { code?: unknown; message?: unknown };
      if (code !== 'OPSBRO_HOST_NETWORK') throw thrown;
      return { state: 'critical', output: `${subject}: ${message}` };
    }
  },
});
