import { localTimeOf } from '../time/zone.ts';
import { type Marks, markText, timeMarks } from './scale.ts';
import type { Layout } from './svg-layout.ts';
import type { GraphOptions } from './svg-options.ts';
import { escaped, place } from './svg-text.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const day = 86400;

/** Grid, marks of both axes and the title beside them. */
export function axes(layout: Layout, options: GraphOptions): string {
  const { left, right, top, bottom, marks, secondMarks } = layout;
  const lines: string[] = [];
  const texts: string[] = [];
  for (const value of marks.values) {
    const y = place(layout.y(value, false));
    lines.push(`M${place(left)} ${y}H${place(right)}`);
    texts.push(valueMark(layout, options, value, marks, false));
  }
  for (const value of secondMarks?.values ?? [])
    texts.push(valueMark(layout, options, value, secondMarks!, true));
  for (const { time, label } of labelledTimes(layout, options)) {
    const x = place(layout.x(time));
    lines.push(`M${x} ${place(top)}V${place(bottom)}`);
    texts.push(
      `<text x="${x}" y="${place(bottom + options.fontSize * 1.4)}" text-anchor="middle">${label}</text>`,
    );
  }
  const grid = `<path d="${lines.join('')}" stroke="${options.foreground}" stroke-opacity="0.15" fill="none"/>`;
  const frame = `<path d="M${place(left)} ${place(top)}V${place(bottom)}H${place(right)}" stroke="${options.foreground}" fill="none"/>`;
  return [
    options.hidesGrid ? '' : grid,
    options.hidesAxes ? '' : frame,
    options.hidesAxes ? '' : texts.join(''),
    options.hidesAxes ? '' : verticalTitle(layout, options),
  ].join('');
}

function valueMark(
  layout: Layout,
  options: GraphOptions,
  value: number,
  marks: Marks,
  isRight: boolean,
): string {
  const { fontSize, unitSystem } = options;
  const x = isRight ? layout.right + fontSize * 0.5 : layout.left - fontSize * 0.5;
  const y = layout.y(value, isRight) + fontSize * 0.35;
  const anchor = isRight ? 'start' : 'end';
  const text = markText(value, marks.step, unitSystem);
  return `<text x="${place(x)}" y="${place(y)}" text-anchor="${anchor}">${text}</text>`;
}

function verticalTitle({ top, bottom }: Layout, { verticalTitle: title, fontSize }: GraphOptions): string {
  if (title === '') return '';
  const [x, y] = [place(fontSize * 1.3), place((top + bottom) / 2)];
  return `<text x="${x}" y="${y}" text-anchor="middle" transform="rotate(-90 ${x} ${y})">${escaped(title)}</text>`;
}

function labelledTimes({ left, right }: Layout, options: GraphOptions): { time: number; label: string }[] {
  const { from, until, zone, fontSize } = options;
  const { year, month, day: date, hour, minute, second } = localTimeOf(from, zone);
  const offset = Date.UTC(year, month - 1, date, hour, minute, second) / 1000 - from;
  const { step, times } = timeMarks(from, until, (right - left) / (fontSize * 7), offset);
  return times.map((time) => ({ time, label: timeLabel(time, step, zone) }));
}

function timeLabel(time: number, step: number, zone: string): string {
  const { year, month, day: date, hour, minute, second } = localTimeOf(time, zone);
  const two = (value: number): string => `${value}`.padStart(2, '0');
  if (step >= 180 * day) return `${months[month - 1]} ${year}`;
  if (step >= day || (hour === 0 && minute === 0 && second === 0)) return `${months[month - 1]} ${date}`;
  return step < 60 ? `${two(hour)}:${two(minute)}:${two(second)}` : `${two(hour)}:${two(minute)}`;
}
