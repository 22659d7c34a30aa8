import { type Context, defineCollector, type Tree } from 'opsbro/sdk';
import {
  addUnique,
  byNumber,
  keyOf,
  parseMillidegrees,
  type ReadAttribute,
  readChip,
  type Sensor,
} from './sensors.ts';

const HWMON = '/sys/class/hwmon';
const THERMAL = '/sys/class/thermal';
const PAGE_BYTES = 65_536;

async function entries(ctx: Context, directory: string): Promise<string[]> {
  if (!(await ctx.stat(directory))) return [];
  return (await ctx.list(directory)).map((entry) => entry.name);
}

async function readChips(ctx: Context, read: ReadAttribute) {
  const chips: { [chip: string]: { [label: string]: Sensor } } = {};
  for (const name of (await entries(ctx, HWMON)).sort(byNumber)) {
    const directory = `${HWMON}/${name}`;
    const sensors = await readChip(directory, await entries(ctx, directory), read);
    if (Object.keys(sensors).length === 0) continue;
    addUnique(chips, keyOf((await read(`${directory}/name`)) ?? name), sensors);
  }
  return chips;
}

async function readZones(ctx: Context, read: ReadAttribute) {
  const zones: { [type: string]: number } = {};
  const names = (await entries(ctx, THERMAL)).filter((name) => /^thermal_zone\d+$/.test(name));
  for (const name of names.sort(byNumber)) {
    const celsius = parseMillidegrees(await read(`${THERMAL}/${name}/temp`));
    if (celsius === undefined) continue;
    addUnique(zones, keyOf((await read(`${THERMAL}/${name}/type`)) ?? name), celsius);
  }
  return zones;
}

/** Yields every plausible temperature of hwmon chips and thermal zones, and the highest; not eligible without any. */
export default defineCollector({
  async collect(ctx) {
    const read: ReadAttribute = (path) => ctx.tryReadText(path, { maxBytes: PAGE_BYTES });
    const hwmon = await readChips(ctx, read);
    const thermal = await readZones(ctx, read);
    const inputs = Object.values(hwmon).flatMap((chip) => Object.values(chip).map((sensor) => sensor.temp));
    const all = [...inputs, ...Object.values(thermal)];
    if (all.length === 0) return ctx.notEligible('this machine shows no temperature sensor');
    return { max: Math.max(...all), hwmon, thermal } as unknown as Tree;
  },
});
