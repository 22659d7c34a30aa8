import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorkbench, lines, type Workbench } from './workbench.ts';

let made: Workbench;
beforeEach(() => {
  made = createWorkbench();
});
afterEach(() => made.dispose());

function findings(content: string): string[] {
  made.write('web/dashboards/x.yml', `dashboard:\n  title: t\n  content: ${content}\n`);
  return lines(made.load().diagnostics);
}

describe('a dashboard', () => {
  it('nests splits and widgets', () => {
    const widgets = '{donut: {value: "1", max: 3, warning: 1, critical: 2}}, {text: {value: "2"}}';
    expect(findings(`{vertical_split: [{horizontal_split: [${widgets}]}]}`)).toEqual([]);
  });

  it.each([
    [
      '{vertical_split: [{gauge: {value: "1"}}]}',
      /x\.yml:3:\d+.*key 'gauge' does not exist in 'content\.vertical_split\.0'/,
    ],
    ['{donut: {value: "1", titel: x}}', /x\.yml:3:\d+.*'titel'.*did you mean 'title'\?/],
    ['{donut: {title: x}}', /x\.yml:3:\d+.*'content\.donut' lacks the key 'value'/],
    ['{donut: {value: "1", max: 0}}', /x\.yml:3:\d+.*'content\.donut\.max' is the number 0/],
    ['{donut: {value: "1"}, text: {value: "2"}}', /x\.yml:3:\d+.*'content' is a mapping, expected/],
    ['{donut: {value: "1 +"}}', /x\.yml:3:\d+/],
  ])('%s is told by place and finding', (content, expected) => {
    expect(findings(content)[0]).toMatch(expected);
  });
});
