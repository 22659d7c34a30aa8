import { networkInterfaces } from 'node:os';
import { defineCollector } from 'opsbro/sdk';
import { collectInterfaces } from './collect.ts';

export default defineCollector({ collect: (ctx) => collectInterfaces(ctx, networkInterfaces) });
