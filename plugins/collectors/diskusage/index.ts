import { setImmediate, setTimeout } from 'node:timers/promises';
import { defineCollector } from 'opsbro/sdk';
import type { Pause } from './ask.ts';
import { collectUsage, type DiskOptions } from './collect.ts';

const pause: Pause = async (ms, signal) => {
  await setTimeout(ms, undefined, { signal });
  // Where the process stood still for so long, the answer is there as well, behind the timer.
  await setImmediate(undefined, { signal });
};

export default defineCollector<DiskOptions>({ collect: (ctx) => collectUsage(ctx, pause) });
