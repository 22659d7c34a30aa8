import { execFileSync } from 'node:child_process';
import { symlinkSync, unlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorkbench, lines, type Workbench } from '../workbench.ts';

let made: Workbench;
beforeEach(() => {
  made = createWorkbench(['base.d', 'my.d']);
});
afterEach(() => made.dispose());

const told = (): string[] => lines(made.load().diagnostics).map((line) => line.replaceAll(made.root, ''));
const fileOf = (): unknown => {
  const handler = made.load().start.find(({ kind }) => kind === 'handler');
  return (handler as { options?: { text?: unknown } } | undefined)?.options?.text;
};

describe('a template that is written in the configuration', () => {
  it.each([
    [
      'handler: {type: log, text: "{% if x"}\n',
      "x.yml:1:28 warning 'text' cannot be filled: expected block end",
    ],
    [
      'handler:\n  type: log\n  text: "{% if x %}down"\n',
      "x.yml:3:9 warning 'text' cannot be filled: parseIf: expected elif, else, or endif, got end of file",
    ],
    [
      'handler:\n  type: log\n  options:\n    text: |\n      first\n      {{ a | upper }} {{ b c }}\n',
      "x.yml:6:28 warning 'text' cannot be filled: expected variable end",
    ],
    [
      "handler:\n  type: log\n  text: 'it''s {{ a | nosuchfilter }}'\n",
      "x.yml:3:23 warning 'text' cannot be filled: filter not found: nosuchfilter",
    ],
  ])('is told with the place of its fault: %j', (text, expected) => {
    made.write('a/x.yml', text);
    expect(told()).toEqual([expect.stringContaining(expected)]);
  });

  it('runs all the same, so that nothing goes untold', () => {
    made.write('a/x.yml', 'handler: {type: log, text: "{{ a b }}"}\n');
    expect(made.load()).toMatchObject({
      badFiles: [],
      start: expect.arrayContaining([expect.objectContaining({ id: 'a/handler/x', enabled: true })]),
    });
  });

  it('is told of where it is inherited from', () => {
    made.write('a/x.yml', 'handler:\n  type: log\n  text: "{{ a b }}"\n');
    made.write('/my.d/a/x.yml', 'handler:\n  level: warn\n');
    expect(made.load().diagnostics).toMatchObject([{ place: { file: made.path('a/x.yml'), line: 3 } }]);
  });

  it("is told of in the pack's parameters, also after lines were added above it", () => {
    made.write('log/parameters.yml', 'enabled: true\ntext: "{{ a b }}"\n');
    made.write('/my.d/log/parameters.yml', 'level: warn\n');
    expect(told()).toEqual(["parameters.yml:2:13 warning 'text' cannot be filled: expected variable end"]);
    made.write('log/parameters.yml', '# ours\nenabled: true\ntext: "{{ a b }}"\n');
    expect(told()).toEqual(["parameters.yml:3:13 warning 'text' cannot be filled: expected variable end"]);
  });
});

describe('a template in a file', () => {
  beforeEach(() => made.write('a/handlers/x.yml', 'handler:\n  type: log\n  text: down.tpl\n'));

  it('is told of with the place in it, as it is at each load', () => {
    made.write('a/templates/down.tpl', 'first\n{{ a | upper }} {{ b c }}\n');
    const fault = '/base.d/a/templates/down.tpl:2:22: expected variable end';
    expect(told()).toEqual([`x.yml:3:9 warning 'text' cannot be filled: ${fault}`]);
    made.write('a/templates/down.tpl', 'first\n{{ a | upper }} {{ b }}\n');
    expect(told()).toEqual([]);
    made.write('a/templates/down.tpl', '{% for a in b %}\n');
    expect(told()).toEqual([expect.stringMatching(/down\.tpl: .*end of file$/)]);
  });

  it('is found wherever it is at the time of a load', () => {
    const none = '/base.d/a/handlers/templates/down.tpl does not exist; each run looks for it again';
    expect(told()).toEqual([`x.yml:3:9 warning the template ${none}`]);
    made.write('a/templates/down.tpl', 'down');
    expect(told()).toEqual([]);
    expect(fileOf()).toEqual({ file: made.path('a/templates/down.tpl') });
  });

  it('beside parameters is found there, whatever is laid over them', () => {
    made.write('a/handlers/x.yml', 'handler: {type: log}\n');
    made.write('log/parameters.yml', 'enabled: true\ntext: lost.tpl\n');
    made.write('log/templates/lost.tpl', '{{ a b }}');
    made.write('/my.d/log/parameters.yml', 'level: warn\n');
    const fault = '/base.d/log/templates/lost.tpl:1:6: expected variable end';
    made.write('a/handlers/x.yml', 'check: {critical_if: "1 > 2"}\n');
    expect(told()).toEqual([`parameters.yml:2:7 warning 'text' cannot be filled: ${fault}`]);
  });

  it('is told of when no run could read it either', () => {
    made.write('a/templates/down.tpl', 'x'.repeat(70_000));
    expect(told()).toEqual([expect.stringContaining('cannot be read: the file is over 65536 bytes;')]);
    unlinkSync(made.path('a/templates/down.tpl'));
    symlinkSync('.', made.path('a/templates/down.tpl'));
    expect(told()).toEqual([expect.stringContaining('cannot be read: EISDIR;')]);
    unlinkSync(made.path('a/templates/down.tpl'));
    execFileSync('mkfifo', [made.path('a/templates/down.tpl')]);
    expect(told()).toEqual([]);
  });
});
