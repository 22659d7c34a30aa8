/** Marks along an axis. */
export interface Marks {
  least: number;
  most: number;
  step: number;
  values: number[];
}

/** Round marks, about `wanted` of them, that hold all values between two; fixed bounds are kept. */
export function marksFor(
  least: number,
  most: number,
  wanted: number,
  fixed: { least?: number; most?: number } = {},
): Marks {
  const span = most > least ? most - least : Math.max(Math.abs(most), 1);
  const rough = span / Math.max(1, wanted);
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * unit >= rough * 0.999) ?? 10) * unit;
  const bottom = fixed.least ?? Math.floor(least / step + 1e-9) * step;
  const roof = fixed.most ?? Math.ceil((most > least ? most : least + span) / step - 1e-9) * step;
  const top = roof > bottom ? roof : bottom + step;
  const values: number[] = [];
  for (
    let index = Math.ceil(bottom / step - 1e-9);
    index * step <= top + step * 1e-9 && values.length < 100;
    index += 1
  )
    values.push(Number((index * step).toPrecision(12)));
  return { least: bottom, most: top, step, values };
}

const systems: { [name: string]: [string, number][] } = {
  si: [
    ['P', 1e15],
    ['T', 1e12],
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ],
  binary: [
    ['Pi', 2 ** 50],
    ['Ti', 2 ** 40],
    ['Gi', 2 ** 30],
    ['Mi', 2 ** 20],
    ['Ki', 2 ** 10],
  ],
};

/** A mark's value with a prefix of its size, in the digits that its axis needs. */
export function markText(value: number, step: number, system: string): string {
  const prefixes = Object.hasOwn(systems, system) ? systems[system]! : [];
  const [prefix, size] = prefixes.find(([, size]) => Math.abs(value) >= size) ?? ['', 1];
  const scaled = value / size;
  const digits = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step / size) - 1e-9)));
  return `${Number(scaled.toFixed(Math.max(digits, prefix === '' ? 0 : 1)))}${prefix}`;
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const timeSteps = [
  1,
  2,
  5,
  10,
  15,
  30,
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
  14 * day,
  30 * day,
  90 * day,
  180 * day,
  365 * day,
];

/** Times to mark between two, and how far apart they are. They are round in the zone, whose clocks are `offset` seconds ahead at the start. */
export function timeMarks(
  from: number,
  until: number,
  wanted: number,
  offset: number,
): { step: number; times: number[] } {
  const rough = (until - from) / Math.max(1, wanted);
  const step =
    timeSteps.find((candidate) => candidate >= rough) ?? Math.ceil(rough / (365 * day)) * 365 * day;
  const times: number[] = [];
  for (
    let time = Math.ceil((from + offset) / step) * step - offset;
    time <= until && times.length < 100;
    time += step
  )
    times.push(time);
  return { step, times };
}
