import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { logEnd } from '../../cli/agent-daemon.ts';
import { createPaint, paintState } from '../../cli/paint.ts';
import {
  formatAge,
  formatBytes,
  formatMs,
  formatSeconds,
  parseMoment,
  parseSeconds,
} from '../../cli/quantities.ts';
import { plain, renderTable } from '../../cli/table.ts';
import { leaves, valueLines } from '../../cli/value-lines.ts';

const none = createPaint(false);
const colors = createPaint(true);
const whole = Number.POSITIVE_INFINITY;

describe('durations', () => {
  it.each([
    ['30', 30],
    ['0.1', 0.1],
    ['500ms', 0.5],
    ['10s', 10],
    ['1.5m', 90],
    ['2h', 7200],
    ['1d', 86_400],
    [' 5s ', 5],
  ])('%j is %d seconds', (text, seconds) => {
    expect(parseSeconds(text, '--timeout')).toBe(seconds);
  });

  it.each(['', 'soon', '-1', '1w', '1 0', 'Infinity', '1e3'])(
    '%j is refused by the name of its option',
    (text) => {
      expect(() => parseSeconds(text, '--timeout')).toThrow(
        expect.objectContaining({ code: 'OPSBRO_CLI_USAGE', message: expect.stringContaining('--timeout') }),
      );
    },
  );

  // A fixed moment of this machine's clock: 2026-03-10 at 12:00:00 local time.
  const noon = new Date(2026, 2, 10, 12).getTime();

  it.each([
    ['2h', noon - 7_200_000],
    ['30', noon - 30_000],
    ['11:59', noon - 60_000],
    ['12:00', noon],
    ['12:01', new Date(2026, 2, 9, 12, 1).getTime()],
    ['3:12:07', new Date(2026, 2, 10, 3, 12, 7).getTime()],
    ['2026-01-02T03:04:05Z', Date.UTC(2026, 0, 2, 3, 4, 5)],
  ])('%j is a moment of the past', (text, at) => {
    expect(parseMoment(text, '--at', noon)).toBe(at);
  });

  it.each(['', 'noonish', '25:00', '12:60', '2100-01-01T00:00:00Z', '-2h'])('%j is none', (text) => {
    expect(() => parseMoment(text, '--at', noon)).toThrow(
      expect.objectContaining({ code: 'OPSBRO_CLI_USAGE', message: expect.stringContaining('--at') }),
    );
  });

  it.each([
    [0, '0ms'],
    [0.42, '420ms'],
    [59.4, '59s'],
    [192, '3m 12s'],
    [180, '3m'],
    [7260, '2h 1m'],
    [90_000, '1d 1h'],
  ])('%d seconds read %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  it.each([
    [null, '-'],
    ['2026-01-01T00:00:59.500Z', 'now'],
    ['2026-01-01T00:00:30Z', '30s ago'],
    ['2026-01-01T00:01:30Z', 'in 30s'],
  ])('%s is %s', (at, text) => {
    expect(formatAge(at, Date.parse('2026-01-01T00:01:00Z'))).toBe(text);
  });
});

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [101_187_584, '96.5 MiB'],
  ])('%d bytes read %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [null, '-'],
    [0.44, '0.4 ms'],
    [12.4, '12 ms'],
  ])('%s milliseconds read %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text);
  });
});

describe('tables', () => {
  const columns = [
    { title: 'NAME', text: (row: string[]) => row[0] ?? '' },
    { title: 'N', text: (row: string[]) => row[1] ?? '', align: 'right' as const },
    { title: 'LOG', text: (row: string[]) => row[2] ?? '' },
  ];

  it('align their columns and end lines with no blanks', () => {
    const rows = [
      ['a', '1', ''],
      ['日本', '100', 'x'],
    ];
    expect(renderTable(columns, rows, none, whole).split('\n')).toEqual([
      'NAME    N  LOG',
      'a       1',
      '日本  100  x',
    ]);
  });

  it('cut the last column at the width of the terminal', () => {
    const [, line] = renderTable(columns, [['a', '1', 'y'.repeat(100)]], none, 30).split('\n');
    expect(line).toBe(`a     1  ${'y'.repeat(20)}…`);
  });

  it('leave out what no row has before anything is cut', () => {
    const rows = [['a-long-name', '-', 'x'.repeat(15)]];
    expect(renderTable(columns, rows, none, 30).split('\n')).toEqual([
      'NAME         LOG',
      `a-long-name  ${'x'.repeat(15)}`,
    ]);
  });

  it('put a text with too little room below its row, between words', () => {
    const rows = [
      ['a-long-name', '1', 'one two three four five six seven'],
      ['b', '2', ''],
    ];
    expect(renderTable(columns, rows, none, 25).split('\n')).toEqual([
      'NAME         N',
      'a-long-name  1',
      '    one two three four',
      '    five six seven',
      'b            2',
    ]);
  });

  it('put a text that must stay whole below its row, and what fits beside', () => {
    const rows = [
      ['a', '1', 'one two three four five six seven'],
      ['b', '2', 'short'],
    ];
    const last = { title: 'LOG', text: (row: string[]) => row[2] ?? '', whole: true };
    const drawn = renderTable([...columns.slice(0, 2), last], rows, none, 30);
    expect(drawn.split('\n')).toEqual([
      'NAME  N  LOG',
      'a     1',
      '    one two three four five',
      '    six seven',
      'b     2  short',
    ]);
  });

  it('cut the widest text where even that is too wide', () => {
    const [, line] = renderTable(columns, [['a-very-long-name-indeed', '1', 'x'.repeat(9)]], none, 20).split(
      '\n',
    );
    expect(line).toBe('a-very-long-name…  1');
  });

  it('let no text move the cursor, set a colour or begin a line', () => {
    const hostile = '\u001b[2Jred\u001b]0;title\u0007\r\nOK\u009b31m';
    const [, line = ''] = renderTable(columns, [['a', '1', hostile]], none, whole).split('\n');
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(plain(hostile)).toContain('red');
    expect(plain('reads /a\u202e/**\u2066\u2028')).toBe('reads /a /** ');
  });
});

describe('paint', () => {
  it('shows what a state means, and nothing where colours are off', () => {
    expect(paintState(colors, 'critical')).toBe('\u001b[31mcritical\u001b[39m');
    expect(paintState(colors, 'ok', '5 ok')).toBe('\u001b[32m5 ok\u001b[39m');
    expect(paintState(none, 'critical')).toBe('critical');
  });
});

describe('value lines', () => {
  const tree = { b: 1, 'a.x': 'text\u001b[31m', list: [true, null], empty: {}, deep: { z: 0.5, 'a(b)': -1 } };

  it('name every leaf, sorted as plain text, with no escape sequences', () => {
    expect(valueLines(tree, 'collector.demo')).toEqual([
      'collector.demo.a.x = text',
      'collector.demo.b = 1',
      'collector.demo.deep.a(b) = -1',
      'collector.demo.deep.z = 0.5',
      'collector.demo.empty = {}',
      'collector.demo.list.0 = true',
      'collector.demo.list.1 = null',
    ]);
  });

  it('count an empty tree as one leaf', () => {
    expect(leaves({}, 'x')).toEqual([{ path: 'x', value: {} }]);
  });
});

describe('the end of a log', () => {
  it('is what was said after a place, or says that nothing was', () => {
    const folder = mkdtempSync(join(tmpdir(), 'opsbro-log-'));
    const path = join(folder, 'agent.log');
    writeFileSync(path, 'old\n');
    expect(logEnd(path, 4)).toBe(`${path} says nothing of it`);
    writeFileSync(path, 'old\nnew\n');
    expect(logEnd(path, 4)).toBe(`${path} ends with\nnew`);
    rmSync(folder, { recursive: true });
  });
});
