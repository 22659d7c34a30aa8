import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorkbench, lines, type Workbench } from '../workbench.ts';

let made: Workbench;

beforeEach(() => {
  made = createWorkbench();
});

afterEach(() => made.dispose());

function findings(text: string): string[] {
  made.write('x.yml', text);
  return lines(made.load().diagnostics);
}

describe('an expression without its quotes', () => {
  it.each([
    ['{{collector.cpustats.x}} > 1', '"{{collector.cpustats.x}} > 1"'],
    ['{{collector.cpustats.x}}', '"{{collector.cpustats.x}}"'],
    ['{collector.cpustats.x}', '"{collector.cpustats.x}"'],
    ['{{collector.cpustats.x}} == "a"', `'{{collector.cpustats.x}} == "a"'`],
    [`"it's" == {{collector.cpustats.x}}`, `'"it''s" == {{collector.cpustats.x}}'`],
    ['*x > 1', '"*x > 1"'],
    ['*x', '"*x"'],
    ['&x > 1', '"&x > 1"'],
    ['!x', '"!x"'],
    ['%idle > 1', '"%idle > 1"'],
    ['@idle', '"@idle"'],
    ["'a' in 'b'", `"'a' in 'b'"`],
    ['f(a: 1)', '"f(a: 1)"'],
    ['[1] == 1', '"[1] == 1"'],
  ])('is shown with them: %s', (value, quoted) => {
    const [found = '', ...others] = findings(`check:\n  critical_if: ${value}\n  ok_output: "'x'"\n`);
    expect(found).toMatch(/^x.yml:2:16 error /);
    expect(found.endsWith(`; put the value in quotes: critical_if: ${quoted}`), found).toBe(true);
    expect(others).toEqual([]);
  });

  it('is shown with them in a list', () => {
    expect(findings('detector:\n  apply_if: "True"\n  groups:\n    - {{parameters.x}}\n')).toEqual([
      'x.yml:4:7 error found a key that is no text, expected a name; put the value in quotes: - "{{parameters.x}}"',
    ]);
  });

  it.each([
    'check:\n  critical_if: "1 < 2"\n  handlers: [a, b\n  notes: x\n',
    'check:\n  critical_if: "1 < 2"\n  notes: {a: b}\n',
    'check:\n  critical_if: "1 < 2"\n  attempts: many\n',
  ])('is not seen in %j', (text) => {
    expect(findings(text).join()).toContain('error');
    expect(findings(text).join()).not.toContain('quotes');
  });
});
