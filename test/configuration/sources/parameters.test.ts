import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorkbench, lines, type Workbench } from '../workbench.ts';

const shipped = 'cpu: {warning: 95, note: null}\npatience: 10s\nstates: [a]\nhard: true\nname: here\n';
const check = (text: string): string => `check:\n  id: cpu\n  critical_if: "${text}"\n`;
let made: Workbench;

beforeEach(() => {
  made = createWorkbench(['base', 'user']);
  made.write('web/parameters.yml', shipped);
  made.write('web/cpu.yml', check('{{collector.cpustats.idle}} < {{parameters.cpu.warning}}'));
});

afterEach(() => made.dispose());

function findings(text: string, file = '/user/web/parameters.yml'): string[] {
  made.write(file, text);
  return lines(made.load().diagnostics);
}

describe('a parameters.yml over a shipped one', () => {
  it.each([
    'cpu: {warning: 90}\n',
    'cpu: {note: anything}\npatience: 20\nname: 10s\n',
    'name:\nstates: []\nhard: false\n',
    'something_else: 1\ncpu: {brand_new: x}\n',
    'cpu: {warning: 90, warning2: 91}\n',
  ])('may say %j', (text) => {
    expect(findings(text)).toEqual([]);
  });

  it.each([
    [
      'cpu:\n  warnign: 90\n',
      "parameters.yml:2:3 warning the parameter 'cpu.warnign' is new in the pack web and nothing names it; did you mean 'cpu.warning'?",
    ],
    [
      'patiense: 1s\n',
      "parameters.yml:1:1 warning the parameter 'patiense' is new in the pack web and nothing names it; did you mean 'patience'?",
    ],
    [
      'cpu:\n  warnin: 90\n',
      "parameters.yml:2:3 warning the parameter 'cpu.warnin' is new in the pack web and nothing names it; did you mean 'cpu.warning'?",
    ],
    [
      'cpu:\n  warning: "90"\n',
      `parameters.yml:2:12 error 'cpu.warning' is the text "90", expected a number such as the 95 it replaces`,
    ],
    ['cpu: 90\n', "parameters.yml:1:6 error 'cpu' is the number 90, expected a mapping"],
    ['states: a\n', `parameters.yml:1:9 error 'states' is the text "a", expected a list`],
    [
      'hard: 1\n',
      "parameters.yml:1:7 error 'hard' is the number 1, expected true or false such as the true it replaces",
    ],
    [
      'name: 5\n',
      `parameters.yml:1:7 error 'name' is the number 5, expected a text such as the "here" it replaces`,
    ],
  ])('is told about %j', (text, expected) => {
    expect(findings(text)).toEqual([expected]);
  });

  it('may have a key near to another when an expression names it', () => {
    made.write('/user/web/mine.yml', check('{{parameters.cpu.warning_2}} < 1').replace('cpu', 'mine'));
    expect(findings('cpu:\n  warning_2: 90\n')).toEqual([]);
    expect(findings('cpu:\n  warning_2: { high: 90 }\n')).toEqual([]);
  });

  it('leaves the good values in force while it is bad', () => {
    const running = made.run();
    expect(findings('cpu: {warning: many}\n')).toHaveLength(1);
    expect(made.load(running)).toMatchObject({ start: [], restart: [], stop: [] });
    expect(made.load(running).badFiles).toEqual([made.path('/user/web/parameters.yml')]);
  });
});

describe('parameters that are options of the plugin with the pack’s name', () => {
  it.each([
    ['port: 1\npassword: {file: /x}\npatience: 5\n', []],
    ['port: many\n', [`parameters.yml:1:7 error 'port' is the text "many", expected a whole number`]],
    [
      'server: x\nprot: 1\n',
      [
        "parameters.yml:2:1 warning the parameter 'prot' is new in the pack redis and nothing names it; did you mean 'port'?",
      ],
    ],
  ])('are checked as options: %j', (text, expected) => {
    made.write('redis/parameters.yml', 'server: localhost\npassword: ""\npatience: 3s\n');
    expect(findings(text, '/user/redis/parameters.yml')).toEqual(expected);
  });
});
