import { setTimeout } from 'node:timers/promises';
import { defineCollector } from 'opsbro/sdk';
import { collectIo, type IoOptions, type Pause } from './collect.ts';

const pause: Pause = async (ms, signal) => {
  await setTimeout(ms, undefined, { signal });
};

export default defineCollector<IoOptions>({ collect: (ctx) => collectIo(ctx, pause) });
