import { defineCheck, metricOf, verdictOf } from 'opsbro/sdk';
import { findFiles } from './glob.ts';
import { ageOf, judgeFiles, type Options, totalBytes } from './judge.ts';

/** Looks for the files and judges what it finds. */
export default defineCheck<Options>({
  async check(ctx) {
    const { options } = ctx;
    const { path, type } = options;
    const found = (await findFiles(ctx, path)).filter(({ stat }) => type === 'any' || stat.type === type);
    const nowMs = ctx.clock.now();
    const ages = found.map((file) => ageOf(file, nowMs));
    return verdictOf(path, judgeFiles(found, nowMs, options), {
      count: metricOf(found.length, '', {}, 0),
      size: metricOf(totalBytes(found), 'B', {}, 0),
      ...(ages.length > 0 && {
        newest: metricOf(Math.min(...ages), 's', {}, 0),
        oldest: metricOf(Math.max(...ages), 's', {}, 0),
      }),
    });
  },
});
