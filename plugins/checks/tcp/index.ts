import { defineCheck, type Finding, metricOf, stateOf, type TcpConnection, verdictOf } from 'opsbro/sdk';
import { connectionOptions, failureOf, type Options, shown } from './options.ts';

async function converse(connection: TcpConnection, { send, expect, quit }: Options): Promise<Finding[]> {
  if (send !== '') await connection.write(send);
  const findings: Finding[] = [];
  if (expect !== '') {
    const answer = await connection.read({ until: expect });
    const isThere = answer.includes(expect);
    const text = isThere ? `it says ${shown(answer)}` : `${shown(expect)} did not come, but ${shown(answer)}`;
    findings.push({ state: isThere ? 'ok' : 'critical', text });
  }
  // Whoever has answered may hang up first.
  if (quit !== '') await connection.write(quit).catch(() => undefined);
  return findings;
}

/** Connects, sends, waits for what is expected, and judges how long that took. */
export default defineCheck<Options>({
  async check(ctx) {
    const { options, clock } = ctx;
    const startedMs = clock.monotonic();
    const subject = `port ${options.port} of ${options.host}`;
    let connection: TcpConnection | undefined;
    try {
      connection = await ctx.tcp(options.host, options.port, connectionOptions(options));
      const findings = await converse(connection, options);
      const seconds = (clock.monotonic() - startedMs) / 1000;
      const text = `it took ${seconds.toFixed(3)} s`;
      const time = metricOf(seconds, 's', options, 0);
      return verdictOf(subject, [...findings, { state: stateOf(seconds, options), text }], { time });
    } catch (thrown) {
      ctx.signal.throwIfAborted();
      return verdictOf(subject, [failureOf(thrown, options)], { time: metricOf(null, 's', options, 0) });
    } finally {
      connection?.close();
    }
  },
});
