import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readMonitorConfig } from '../../overcli/monitor/config.ts';
import { fingerprintOf, monitorFiles } from '../../overcli/monitor/files.ts';
import { readIni } from '../../overcli/monitor/ini.ts';
import { shellWords } from '../../overcli/monitor/shell-words.ts';
import { workplace } from './overcli-run.ts';

const place = workplace();
afterAll(() => place.remove());

/** The sections as plain objects. */
function ini(text: string): { [section: string]: { [option: string]: string } } {
  const sections = readIni(text, (line, problem) => {
    throw new Error(`${line}: ${problem}`);
  });
  return Object.fromEntries(
    sections.map(({ name, options }) => [
      name,
      Object.fromEntries([...options].map(([option, { value }]) => [option, value])),
    ]),
  );
}

describe('an INI file', () => {
  it.each([
    [
      'takes = and :, and names of options without regard to case',
      '[A]\nOne=1\nTWO : 2',
      { A: { one: '1', two: '2' } },
    ],
    [
      'keeps later separators',
      '[A]\nserver=http://h:5/\ncommand: x=y:z',
      { A: { server: 'http://h:5/', command: 'x=y:z' } },
    ],
    ['keeps the case of sections', '[a]\nx=1\n[A]\nx=2', { a: { x: '1' }, A: { x: '2' } }],
    [
      'skips comments, blank lines, a mark of byte order and carriage returns',
      '\uFEFF# c\r\n\r\n[a]\r\n; c\r\nx=1\r\n',
      { a: { x: '1' } },
    ],
    [
      'keeps what looks like a comment behind a value',
      '[a]\nx=sh -c "a ; b" # c',
      { a: { x: 'sh -c "a ; b" # c' } },
    ],
    ['goes on with a value on indented lines', '[a]\nx=one\n  two\ny=3', { a: { x: 'one\ntwo', y: '3' } }],
    [
      'lets the last of equal options and sections hold',
      '[a]\nx=1\nx=2\n[b]\n[a]\ny=3',
      { a: { x: '2', y: '3' }, b: {} },
    ],
    ['writes a percent sign as two, and takes one as it is', '[a]\nx=50%% 20%', { a: { x: '50% 20%' } }],
    [
      'fills in other options',
      '[DEFAULT]\ndir=/srv\n[a]\nx=%(dir)s/%(Y)s\ny=z',
      { a: { dir: '/srv', x: '/srv/z', y: 'z' } },
    ],
  ])('%s', (_, text, sections) => {
    expect(ini(text)).toEqual(sections);
  });

  it.each([
    ['x=1', "1: 'x' stands above the first [section]"],
    ['[a]\nword', "2: expected [section] or option=value, found 'word'"],
    ['[a]\nx=%(y)s', "2: '%(y)s' names no option; a percent sign is written %%"],
    ['[a]\nx=%(x)s', "2: '%(x)s' refers to itself"],
  ])('refuses %j with its line', (text, problem) => {
    expect(() => ini(text)).toThrow(problem);
  });
});

it.each([
  ['a  b\tc', ['a', 'b', 'c']],
  ['\'a b\' "c d" e\\ f', ['a b', 'c d', 'e f']],
  ['"a\\"b\\\\c\\d" \'e\\f\'', ['a"b\\c\\d', 'e\\f']],
  ['a\'\'b "" c', ['ab', '', 'c']],
  ['$HOME * | # x', ['$HOME', '*', '|', '#', 'x']],
  ['  ', []],
])('the words of %j are %j', (command, words) => {
  expect(shellWords(command)).toEqual(words);
});

it.each(['"a', "a 'b", 'a\\'])('the quotes of %j are refused', (command) => {
  expect(() => shellWords(command)).toThrow(/No (closing quotation|escaped character)/);
});

describe("a monitor's file", () => {
  const head = '[overc]\nserver=http://bob:p%%40ss@h:5000/\nmy-name=web-1\nmy-key=1%%2\n';
  const write = (text: string): string => {
    const path = join(place.path, 'monitor.ini');
    writeFileSync(path, text);
    return path;
  };

  it('gives the server and the services', () => {
    const text = `${head}enrollment-token=t\n[service:a:b]\nperiod=5\ncommand=./a.sh\nmax-lag=1.5\n[free]\nx=1\n`;
    expect(readMonitorConfig(write(text))).toMatchObject({
      directory: place.path,
      endpoint: {
        origin: 'http://h:5000',
        authorization: `Basic ${btoa('bob:p@ss')}`,
        name: 'web-1',
        key: '1%2',
        enrollmentToken: 't',
      },
      services: [{ name: 'a:b', periodS: 5, command: './a.sh', maxLagS: 1.5 }],
      warnings: [],
    });
  });

  it('tells of options that nobody reads', () => {
    const text = `${head}[service:a]\nperiod=5\nlag=2\ndir=/x\ncommand=%(dir)s/a\n`;
    expect(readMonitorConfig(write(text)).warnings).toEqual([
      `${join(place.path, 'monitor.ini')}:7: [service:a] has no option 'lag'; it takes period, command, max-lag`,
    ]);
  });

  const service = '[service:a]\nperiod=1\ncommand=x\n';
  it.each([
    [`${head}${service}[host:b]\n`, 'monitor.ini:8: Unknown section type: "host"'],
    [`${head}[service:a]\nperiod=1\n`, "monitor.ini:5: [service:a] lacks 'command'"],
    [
      `${head}[service:a]\ncommand=x\nperiod=0\n`,
      "monitor.ini:7: period should be a whole number of seconds, found '0'",
    ],
    [`${head}${service}max-lag=long\n`, "monitor.ini:8: max-lag should be a number of seconds, found 'long'"],
    [head, 'monitor.ini:1: there is no [service:NAME]'],
    [service, 'monitor.ini:1: the section [overc] is missing'],
    [`[overc]\nserver=h\n${service}`, 'monitor.ini:2: server should be a URL'],
    [`[overc]\nserver=http://h\nmy-name=n\n${service}`, "monitor.ini:1: [overc] lacks 'my-key'"],
  ])('refuses %j', (text, problem) => {
    expect(() => readMonitorConfig(write(text))).toThrow(problem);
  });

  it('is named, or found in a directory by its name', () => {
    const directory = join(place.path, 'overc');
    mkdirSync(directory);
    for (const name of ['monitor-b.ini', 'monitor.ini', 'server.ini', 'monitor.ini.bak'])
      writeFileSync(join(directory, name), '');
    const single = join(directory, 'server.ini');
    expect(monitorFiles([directory, single, single])).toEqual([
      join(directory, 'monitor-b.ini'),
      join(directory, 'monitor.ini'),
      single,
    ]);
    const absent = join(directory, 'x');
    expect(() => monitorFiles([absent])).toThrow(`Config file does not exist: ${absent}`);
    const before = fingerprintOf(single);
    writeFileSync(single, 'changed');
    expect(fingerprintOf(single)).not.toBe(before);
    expect(fingerprintOf(absent)).toBeUndefined();
  });
});
