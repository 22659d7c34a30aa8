import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endingInProgram, subshell } from '../../exec/last-program.ts';
import { shellWord } from '../../exec/quote.ts';

const shells = ['/bin/sh', '/bin/bash'].filter((path) => existsSync(path));

/** What comes of a subshell in a shell that goes on with another, as a lane does. */
function byShell(shell: string, line: string): { stdout: string; status: number | null } {
  const { stdout, status } = spawnSync(shell, {
    encoding: 'utf8',
    env: { A: 'a b' },
    cwd: '/',
    input: `{ { ${line};} 2>&1\necho ended $?\n{ (eval ' exit 7');} }\n`,
  });
  // In which words a shell complains of a program that it cannot start is not what the script does.
  return {
    stdout: stdout.replaceAll(/\/bin\/(?:ba)?sh: (?:line )?\d+: .*\n/g, ''),
    status,
  };
}

describe('a script that ends in a program', () => {
  it.each([
    [`check_x \${A:-0} fine`, `exec check_x \${A:-0} fine`],
    ['  check_x "$A"/*.log 2>&1\n', '  exec check_x "$A"/*.log 2>&1\n'],
    ['test -d /x && check_x', 'test -d /x && exec check_x'],
    ['cd /tmp; a || b $1 >/dev/null;', 'cd /tmp; a || exec b $1 >/dev/null;'],
    ["a 'x;y' \\; z\nb", "a 'x;y' \\; z\nexec b"],
  ])('%j becomes it', (script, expected) => expect(endingInProgram(script)).toBe(expected));

  it.each([
    ...[
      '',
      ' ',
      'a | b',
      'a & b',
      'a &',
      '(a)',
      '{ a; }',
      '! a',
      'if a; then b; fi',
      'a `b`',
      'a $(b)',
      'a "$(b)"',
    ],
    ...[
      'A=b c',
      'a # b',
      'cat <<END\na\nEND\n',
      `a \${b:?c}`,
      `a \${b#c}`,
      'f() a',
      '>x a',
      '-x',
      '$A',
      '"a" b',
    ],
    ...[
      "trap 'a' EXIT; b",
      'set -e; a; b',
      'exec a',
      'echo a',
      'a; exit 2',
      'a; [ b ]',
      "a 'b",
      'a "b',
      'a &&',
      'alias b=c; b',
    ],
  ])('%j stays as it is, which does not or does more', (script) =>
    expect(endingInProgram(script)).toBe(script),
  );

  it.each(shells)('does in %s what it did, whatever it is', (shell) => {
    // No piece that ends in a redirection to the next: bash, as root, would write over the programs.
    const piece = fc.constantFrom(
      ...[
        '/usr/bin/printf %s.',
        '/bin/false',
        '/bin/true',
        '/no/such',
        'test -d /',
        'echo',
        'exit 3',
        'cd /tmp',
      ],
      ...[
        ' ',
        ' && ',
        ' || ',
        '; ',
        '\n',
        ' | ',
        ' a',
        ' "$A"',
        ' $A',
        ` \${B:-x y}`,
        " 'c d'",
        ' \\;',
        ' *',
        '"',
        "'",
        '$',
        '{',
      ],
      ...[' 2>&1', ' >/dev/null', ' <', ' >>&2', ' >&2', ' <&', ' 3', '#', ' #', '(', ')', '=', 'A=1 '],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 7 }), (pieces) => {
        const script = pieces.join('');
        const changed = endingInProgram(script);
        // The number of a shell's process is another each time.
        fc.pre(changed !== script && !script.includes('$$'));
        const inEval = byShell(shell, `(eval ${shellWord(` ${script}`)})`);
        expect(byShell(shell, subshell(script))).toEqual(inEval);
        expect(inEval.status).toBe(7);
      }),
      { numRuns: 80 },
    );
  });

  it.each([
    ['a b', '( exec a b )'],
    ['a;\nb;\n', '( a;\nexec b;\n )'],
    ["a 'b", `(eval ' a '\\''b')`],
    ['a >>&2', "(eval ' a >>&2')"],
    ['-a', "(eval ' -a')"],
  ])('%j stands in its subshell as it is only where it was read to its end', (script, expected) =>
    expect(subshell(script)).toBe(expected),
  );

  it('takes a long script at once, also one that it cannot read', () => {
    const script = `a ${'$b"$c"'.repeat(20_000)}`;
    expect(endingInProgram(script)).toBe(`exec ${script}`);
    expect(endingInProgram(`${script}(`)).toBe(`${script}(`);
  });
});
