import {
  type Context,
  type CounterChange,
  counterChange,
  counterSample,
  defineCollector,
  type Tree,
} from 'opsbro/sdk';
import { type Pressure, parsePressure, percentStalled } from './stall.ts';

const RESOURCES = ['cpu', 'io', 'memory', 'irq'] as const;
const KINDS = ['some', 'full'] as const;

async function readPressures(ctx: Context): Promise<Map<string, Pressure>> {
  const pressures = new Map<string, Pressure>();
  for (const resource of RESOURCES) {
    const text = await ctx.tryReadText(`/proc/pressure/${resource}`, { maxBytes: 4096 });
    const pressure = parsePressure(text ?? '');
    if (pressure.some || pressure.full) pressures.set(resource, pressure);
  }
  return pressures;
}

function totalsOf(pressures: ReadonlyMap<string, Pressure>): { [key: string]: number } {
  const totals: { [key: string]: number } = {};
  for (const [resource, pressure] of pressures)
    for (const kind of KINDS) {
      const stall = pressure[kind];
      if (stall) totals[`${resource}.${kind}`] = stall.total;
    }
  return totals;
}

function describe(resource: string, pressure: Pressure, change: CounterChange | undefined): Tree {
  const tree: Tree = {};
  for (const kind of KINDS) {
    const stall = pressure[kind];
    if (!stall) continue;
    const grownUs = change?.deltas[`${resource}.${kind}`];
    tree[kind] = { ...stall, pct_stalled: percentStalled(stall, grownUs, change?.seconds ?? 0) };
  }
  return tree;
}

/** Yields pressure stall information per resource; not eligible where the kernel has none or it is switched off. */
export default defineCollector({
  async collect(ctx) {
    const pressures = await readPressures(ctx);
    if (pressures.size === 0) return ctx.notEligible('this kernel has no pressure stall information');
    const sample = counterSample(ctx.clock, totalsOf(pressures));
    const change = counterChange(ctx.state.sample, sample);
    ctx.state.sample = sample;
    const tree: Tree = {};
    for (const [resource, pressure] of pressures) tree[resource] = describe(resource, pressure, change);
    return tree;
  },
});
