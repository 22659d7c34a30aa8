import type { GuestFunctions, PythonRuntime, PyValue } from 'opsbro/sdk';
import { colored, donut, horizontalBar } from './shapes.ts';

const MAX_WIDTH = 1_000;
const MAX_LINES = 60;

/** The functions of this topic, by canonical name. */
export const functions: GuestFunctions = {
  get_donut: (py, value = null, lines = 6, color = 0) => {
    const rows = py.integer(lines, 'get_donut');
    if (rows < 3 || rows > MAX_LINES)
      py.raise('value', `the lines of a donut are 3 to ${MAX_LINES}, got ${rows}`);
    return donut(py.number(value, 'get_donut'), rows, colorOf(py, color, 'get_donut', 0));
  },
  get_horizontal_bar: (py, value = null, width = 80, color = 0) => {
    const cells = py.integer(width, 'get_horizontal_bar');
    if (cells < 1 || cells > MAX_WIDTH)
      py.raise('value', `the width of a bar is 1 to ${MAX_WIDTH}, got ${cells}`);
    const filled = colorOf(py, color, 'get_horizontal_bar', 0);
    return horizontalBar(py.number(value, 'get_horizontal_bar'), cells, filled);
  },
  colorize: (py, s = null, color = null) => {
    return colored(py.str(s), colorOf(py, color, 'colorize', 1));
  },
};

/** One of the 64 colours; 0, where that is allowed, is none. */
function colorOf(py: PythonRuntime, color: PyValue, by: string, least: 0 | 1): number {
  const number = py.integer(color, by);
  if (number < least || number > 64) py.raise('value', `colours are ${least} to 64, got ${number}`);
  return number;
}
