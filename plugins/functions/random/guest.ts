import type { GuestFunctions } from 'opsbro/sdk';

/** The functions of this topic, by canonical name. */
export const functions: GuestFunctions = {
  random: (py) => py.random(),
  randomint_between: (py, a = null, b = null) => {
    const from = py.integer(a, 'randomint_between');
    const to = py.integer(b, 'randomint_between');
    if (from > to) py.raise('value', `randomint_between() has no number from ${from} to ${to}`);
    return from + Math.floor(py.random() * (to - from + 1));
  },
  shuffle: (py, list = null) => {
    const items = [...py.iterate(list)];
    for (let last = items.length - 1; last > 0; last -= 1) {
      const other = Math.floor(py.random() * (last + 1));
      [items[last], items[other]] = [items[other] ?? null, items[last] ?? null];
    }
    return items;
  },
};
