/** Reads one sysfs attribute; undefined when it is absent or the driver refuses. */
export type ReadAttribute = (path: string) => Promise<string | undefined>;

/** One input of a sensor chip, °C. The limits are there when the chip has them. */
export interface Sensor {
  temp: number;
  high?: number;
  critical?: number;
}

/** Inputs to which nothing is connected report an end of their range (-128, 127.5); no chip is made for more than this one. */
const PLAUSIBLE = { lowest: -55, highest: 125 };

/** Parses millidegrees Celsius (Documentation/hwmon/sysfs-interface.rst) to °C; undefined when it is not a plausible reading. */
export function parseMillidegrees(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?\d+$/.test(text.trim())) return undefined;
  const celsius = Number(text) / 1000;
  return celsius >= PLAUSIBLE.lowest && celsius <= PLAUSIBLE.highest ? celsius : undefined;
}

/** Makes a chip's name or a label usable as a key: lower case, one `_` for every run of other characters. */
export function keyOf(name: string): string {
  const key = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return key === '' ? 'sensor' : key;
}

/** Adds a value under `key`, or under `key_2`, `key_3` … when the key is taken (two chips of one model). */
export function addUnique<Value>(tree: { [key: string]: Value }, key: string, value: Value): void {
  let free = key;
  for (let number = 2; Object.hasOwn(tree, free); number++) free = `${key}_${number}`;
  tree[free] = value;
}

/** Reads every temperature input of a chip; `names` are the entries of its directory. */
export async function readChip(
  directory: string,
  names: readonly string[],
  read: ReadAttribute,
): Promise<{ [label: string]: Sensor }> {
  const sensors: { [label: string]: Sensor } = {};
  const inputs = names.filter((name) => /^temp\d+_input$/.test(name));
  for (const input of inputs.sort(byNumber)) {
    const stem = input.slice(0, -'_input'.length);
    const attribute = async (suffix: string) =>
      names.includes(`${stem}_${suffix}`) ? read(`${directory}/${stem}_${suffix}`) : undefined;
    const temp = parseMillidegrees(await read(`${directory}/${input}`));
    if (temp === undefined) continue;
    const sensor: Sensor = { temp };
    const high = parseMillidegrees(await attribute('max'));
    const critical = parseMillidegrees(await attribute('crit'));
    if (high !== undefined) sensor.high = high;
    if (critical !== undefined) sensor.critical = critical;
    addUnique(sensors, keyOf((await attribute('label')) ?? stem), sensor);
  }
  return sensors;
}

/** Orders `temp2_input` before `temp10_input`, `thermal_zone2` before `thermal_zone10`. */
export function byNumber(left: string, right: string): number {
  return numberIn(left) - numberIn(right);
}

function numberIn(name: string): number {
  return Number(/\d+/.exec(name)?.[0] ?? 0);
}
