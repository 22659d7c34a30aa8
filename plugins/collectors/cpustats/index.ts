import { setTimeout } from 'node:timers/promises';
import { defineCollector } from 'opsbro/sdk';
import { collectCpu, type Pause } from './collect.ts';

const pause: Pause = async (ms, signal) => {
  await setTimeout(ms, undefined, { signal });
};

export default defineCollector({ collect: (ctx) => collectCpu(ctx, pause) });
