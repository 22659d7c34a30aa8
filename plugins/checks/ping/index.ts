import {
  type Context,
  defineCheck,
  type Finding,
  metricOf,
  readQuantity,
  stateOf,
  type Threshold,
  type Verdict,
  verdictOf,
} from 'opsbro/sdk';
import { type PingSummary, parseSummary } from './summary.ts';

/** The options of the manifest. */
export interface Options {
  host: string;
  ip: 'any' | 4 | 6;
  packets: number;
  wait: string;
  loss_warning: Threshold;
  loss_critical: Threshold;
  warning?: Threshold;
  critical?: Threshold;
}

const places = ['/usr/bin/ping', '/bin/ping', '/usr/sbin/ping', '/sbin/ping'];
/** What ping lets everybody use. */
const pauseSeconds = 0.2;

async function findPing(ctx: Context<Options>): Promise<string> {
  for (const place of places) if ((await ctx.stat(place)) !== undefined) return place;
  return ctx.notEligible(`there is no ping: neither of ${places.join(', ')}`);
}

function argumentsOf({ host, ip, packets, wait }: Options): string[] {
  const version = ip === 'any' ? [] : [`-${ip}`];
  const waitSeconds = String(Math.max(1, Math.ceil(readQuantity(wait))));
  return ['-n', ...version, '-c', String(packets), '-i', String(pauseSeconds), '-W', waitSeconds, host];
}

function judge({ sent, received, lossPercent, trip }: PingSummary, options: Options): Verdict {
  const lossLimits = { warning: options.loss_warning, critical: options.loss_critical };
  const loss = `${received} of ${sent} packets came back, ${lossPercent} % lost`;
  const findings: Finding[] = [{ state: stateOf(lossPercent, lossLimits), text: loss }];
  if (trip !== undefined) {
    const text = `a round trip takes ${(trip.mean * 1000).toFixed(2)} ms`;
    findings.push({ state: stateOf(trip.mean, options), text });
  }
  return verdictOf(options.host, findings, {
    rta: metricOf(trip?.mean ?? null, 's', options, 0),
    rtmin: metricOf(trip?.min ?? null, 's', {}, 0),
    rtmax: metricOf(trip?.max ?? null, 's', {}, 0),
    pl: metricOf(lossPercent, '%', lossLimits, 0),
  });
}

/** Runs ping and judges its summary. What ping complains of before it sends anything, such as an unknown name, is CRITICAL. */
export default defineCheck<Options>({
  async check(ctx) {
    const { options } = ctx;
    const program = await findPing(ctx);
    const timeoutMs = (options.packets * pauseSeconds + readQuantity(options.wait) + 10) * 1000;
    const { stdout, stderr } = await ctx.exec(program, argumentsOf(options), { timeoutMs });
    const summary = parseSummary(stdout);
    if (summary !== undefined) return judge(summary, options);
    const reason = (stderr || stdout).trim().split('\n')[0] ?? '';
    return verdictOf(options.host, [{ state: 'critical', text: reason || 'ping printed nothing' }]);
  },
});
