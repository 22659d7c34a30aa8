import { pythonFloat } from '../series/python-text.ts';
import type { Series } from '../series/series.ts';
import { localTimeOf } from '../time/zone.ts';
import { plain } from './json.ts';

/** Lines of `name,time,value`, times as clocks of the zone show them; a point without value ends with the comma. */
export function csvOf(list: readonly Series[], zone: string): string {
  const times = new Map<number, string>();
  let text = '';
  for (const series of list) {
    const { start, step, values } = plain(series);
    const name = quoted(series.name);
    for (const [index, value] of values.entries()) {
      const time = start + index * step;
      let shown = times.get(time);
      if (shown === undefined) {
        shown = clockTime(time, zone);
        times.set(time, shown);
      }
      text += `${name},${shown},${Number.isNaN(value) ? '' : pythonFloat(value)}\r\n`;
    }
  }
  return text;
}

/** Lines of `name,start,end,step|value,…` with `None` for points without value. */
export function rawOf(list: readonly Series[]): string {
  return list
    .map(({ name, start, end, step, values }) => {
      const texts = Array.from(values, (value) => (Number.isNaN(value) ? 'None' : pythonFloat(value)));
      return `${name},${start},${end},${step}|${texts.join(',')}\n`;
    })
    .join('');
}

function clockTime(time: number, zone: string): string {
  const { year, month, day, hour, minute, second } = localTimeOf(time, zone);
  const two = (value: number): string => `${value}`.padStart(2, '0');
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`;
}

/** A field of CSV. What a spreadsheet would take for a formula is made plain text by a quote. */
function quoted(field: string): string {
  const plainText = /^[=+@\t\r-]/.test(field) ? `'${field}` : field;
  return /[",\r\n]/.test(plainText) ? `"${plainText.replaceAll('"', '""')}"` : plainText;
}
