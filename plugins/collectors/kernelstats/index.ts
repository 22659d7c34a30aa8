import { setTimeout } from 'node:timers/promises';
import { defineCollector } from 'opsbro/sdk';
import { collectKernel, type Pause } from './collect.ts';

const pause: Pause = async (ms, signal) => {
  await setTimeout(ms, undefined, { signal });
};

export default defineCollector({ collect: (ctx) => collectKernel(ctx, pause) });
