import { counterChange, counterSample, defineCheck, metricOf, verdictOf } from 'opsbro/sdk';
import { judgeUsage, keyOf, type Options, totalOf, usages } from './judge.ts';
import { findProcesses } from './match.ts';

/** So many are remembered for their CPU: what is kept between runs has a limit. */
const maxRemembered = 5000;

function subjectOf({ command, arguments: pattern, user, states }: Options): string {
  const parts = [
    command ?? 'processes',
    pattern === undefined ? '' : `like /${pattern}/`,
    user === undefined ? '' : `of ${user}`,
    states.length === 0 ? '' : `in state ${states.join(' or ')}`,
  ];
  return parts.filter(Boolean).join(' ');
}

/** Looks for the processes and judges them; CPU from the second run on. */
export default defineCheck<Options>({
  async check(ctx) {
    const { options } = ctx;
    const found = await findProcesses(ctx, options);
    const remembered = found.slice(0, maxRemembered).map((match) => [keyOf(match), match.ticks]);
    const sample = counterSample(ctx.clock, Object.fromEntries(remembered));
    const each = usages(found, counterChange(ctx.state.sample, sample));
    ctx.state.sample = sample;
    const total = totalOf(each);
    const { count_warning, count_critical } = options;
    return verdictOf(subjectOf(options), judgeUsage(each, options), {
      count: metricOf(each.length, '', { warning: count_warning, critical: count_critical }, 0),
      cpu: metricOf(total.cpuPercent ?? null, '%', {}, 0),
      memory: metricOf(total.memoryBytes, 'B', {}, 0),
    });
  },
});
