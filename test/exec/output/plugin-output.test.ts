import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPluginOutput } from '../../../exec/output/plugin-output.ts';

const labels = (text: string): string[] => readPluginOutput(text, 0, null).perfdata.map(({ label }) => label);

/** The example of the plugin API's documentation, with more in each part. */
const example = [
  'DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968',
  '/ 15272 MB (77%);',
  '/boot 68 MB (69%);',
  '/var/log 819 MB (84%); | /boot=68MB;88;93;0;98',
  '/home=69357MB;253404;253409;0;253414',
  '/var/log=818MB;970;975;0;980 /tmp=1MB',
  '',
].join('\n');

describe('readPluginOutput', () => {
  it('tells first line, long output and performance data apart', () => {
    const { state, output, longOutput } = readPluginOutput(example, 0, null);
    expect({ state, output, longOutput }).toEqual({
      state: 'ok',
      output: 'DISK OK - free space: / 3326 MB (56%);',
      longOutput: '/ 15272 MB (77%);\n/boot 68 MB (69%);\n/var/log 819 MB (84%);',
    });
    expect(labels(example)).toEqual(['/', '/boot', '/home', '/var/log', '/tmp']);
  });

  it.each([
    ['OK', 'OK', '', []],
    ['OK\n', 'OK', '', []],
    ['OK\r\nmore\r\n', 'OK', 'more', []],
    ['OK|a=1', 'OK', '', ['a']],
    ['OK | a=1 | b=2', 'OK', '', ['a', 'b']],
    ['OK\n|a=1\nb=2\nno figure\nc=3', 'OK', '', ['a', 'b', 'c']],
    ['OK | a=1\nlong\nlonger', 'OK', 'long\nlonger', ['a']],
    ['OK\n\nlong\n\n  longer  \n\n', 'OK', 'long\n\n  longer', []],
    ['\n\n  OK | a=1\nlong', 'OK', 'long', ['a']],
    ["OK | 'a|b'=1", 'OK', '', ['a|b']],
    ["OK | 'open=1\nlong | b=2", 'OK', 'long', ["'open", 'b']],
    [' | a=1', '(no output)', '', ['a']],
    ['', '(no output)', '', []],
    ['\n \n', '(no output)', '', []],
    ['\x1b[32mOK\x1b[0m', 'OK', '', []],
    ['O\0K\x1b]0;title\x07', 'O\u{fffd}K\u{fffd}]0;title\u{fffd}', '', []],
  ])('reads %j', (text, output, longOutput, figures) => {
    expect(readPluginOutput(text, 0, null)).toMatchObject({ state: 'ok', output, longOutput });
    expect(labels(text)).toEqual(figures);
  });

  it.each([
    [0, 'ok', 'said'],
    [1, 'warning', 'said'],
    [2, 'critical', 'said'],
    [3, 'unknown', 'said'],
    [4, 'unknown', 'exit code 4 is none of 0 to 3: said'],
    [255, 'unknown', 'exit code 255 is none of 0 to 3: said'],
    [126, 'unknown', 'cannot be executed (exit code 126): said'],
    [127, 'unknown', 'command not found (exit code 127): said'],
    [-1, 'unknown', 'exit code -1 is none of 0 to 3: said'],
    [null, 'unknown', 'ended without an exit code: said'],
  ])('takes exit code %j for %s', (code, state, output) => {
    expect(readPluginOutput('said\nmore | a=1', code, null)).toMatchObject({
      state,
      output,
      longOutput: 'more',
    });
  });

  it.each([
    [{}, 'SIGSEGV', 'ended by SIGSEGV: said'],
    [{ killedFor: 'timeout' as const, timeoutMs: 30_000 }, 'SIGTERM', 'timed out after 30 s: said'],
    [{ timedOut: true }, null, 'timed out: said'],
    [{ killedFor: 'flood' as const }, 'SIGKILL', 'killed because it wrote too much: said'],
    [{ refused: 'too many commands wait' }, null, 'not run: too many commands wait: said'],
  ])('is UNKNOWN and says why with %j and %s', (end, signal, output) => {
    expect(readPluginOutput('said', 0, signal, end)).toMatchObject({ state: 'unknown', output });
  });

  it('lets the exit code of a command count whose output was cut, and says that it was', () => {
    const { state, longOutput } = readPluginOutput('said\nmore', 1, null, { truncated: true });
    expect({ state, longOutput }).toEqual({
      state: 'warning',
      longOutput: 'more\n[the rest of the output was dropped]',
    });
  });

  it('drops a figure that may have been cut in half', () => {
    const { perfdata } = readPluginOutput('said | a=1 b=2.5', 0, null, { truncated: true });
    expect(perfdata.map(({ label }) => label)).toEqual(['a']);
    expect(readPluginOutput('said | a=1 ', 0, null, { truncated: true }).perfdata).toHaveLength(1);
    expect(readPluginOutput('said | a=1\nb', 0, null, { truncated: true }).perfdata).toHaveLength(1);
  });

  it('keeps 2,000 figures and says how many it dropped', () => {
    const { perfdata, longOutput } = readPluginOutput(`said |${' a=1'.repeat(2_100)}`, 0, null);
    expect(perfdata).toHaveLength(2_000);
    expect(longOutput).toBe('[100 more figures were dropped]');
  });

  it('gives back the texts and figures that were printed, wherever they stood', () => {
    const line = fc.string({ unit: fc.constantFrom(...'ab é%:;=\'"'), maxLength: 10 });
    const word = line.map((text) => `x${text.trim()}`);
    const figures = fc.array(fc.integer(), { maxLength: 3 });
    fc.assert(
      fc.property(word, figures, fc.array(word), figures, fc.array(figures), (first, a, long, b, rest) => {
        const print = (list: number[]): string => list.map((value) => `f=${value}`).join(' ');
        const bar =
          b.length + rest.length > 0 && long.length > 0 ? ` | ${[b, ...rest].map(print).join('\n')}` : '';
        const read = readPluginOutput(`${first}|${print(a)}\n${long.join('\n')}${bar}\n`, 0, null);
        expect(read).toMatchObject({ output: first, longOutput: long.join('\n') });
        const expected = [...a, ...(bar === '' ? [] : [b, ...rest].flat())];
        expect(read.perfdata.map(({ value }) => value)).toEqual(expected.map((value) => value || 0));
      }),
    );
  });

  // A megabyte of each: what takes the square of that ends in no test's time.
  it.each([
    "'",
    "''",
    "a'",
    "'=",
    '=',
    '|',
    '\n',
    '\n|',
    ' ',
    "'a=1 ''b",
    ';',
    'a',
    '1',
    '\x1b[',
    'a=1 ',
    '\r',
    ':',
    "' ",
  ])('reads megabytes of %j', (piece) => {
    const text = `OK | ${piece.repeat(2 ** 20 / piece.length)}`;
    expect(readPluginOutput(text, 0, null).output).toMatch(/^OK/);
    expect(readPluginOutput(`'a=${text.slice(5)}`, 0, null).state).toBe('ok');
  });
});
