import { setTimeout } from 'node:timers/promises';
import { defineCollector } from 'opsbro/sdk';
import type { Pause } from './ask.ts';
import { collectUsage, type DiskOptions } from './collect.ts';

const pause: Pause = async (ms, signal) => {
  await setTimeout(ms, undefined, { signal });
};

export default defineCollector<DiskOptions>({ collect: (ctx) => collectUsage(ctx, pause) });
