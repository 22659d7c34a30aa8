import type { GuestFunctions } from 'opsbro/sdk';
import { donut, horizontalBar } from './shapes.ts';

const MAX_WIDTH = 1_000;

/** The functions of this topic, by canonical name. */
export const functions: GuestFunctions = {
  get_donut: (py, value = null) => donut(py.number(value, 'get_donut')),
  get_horizontal_bar: (py, value = null, width = 80) => {
    const cells = py.integer(width, 'get_horizontal_bar');
    if (cells < 1 || cells > MAX_WIDTH)
      py.raise('value', `the width of a bar is 1 to ${MAX_WIDTH}, got ${cells}`);
    return horizontalBar(py.number(value, 'get_horizontal_bar'), cells);
  },
  colorize: (py, s = null, color = null) => {
    const number = py.integer(color, 'colorize');
    if (number < 1 || number > 64) py.raise('value', `colours are 1 to 64, got ${number}`);
    return `\x1b[38;5;${number}m${py.str(s)}\x1b[0m`;
  },
};
