// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are a shell's.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expandScript } from '../../../configuration/script/macros.ts';

const shell = (script: string, ...trees: Parameters<typeof expandScript>[1]) => expandScript(script, trees);
const textOf = (script: string, ...trees: Parameters<typeof expandScript>[1]): string => {
  const { plan } = shell(script, ...trees);
  return plan !== null && 'shell' in plan ? plan.shell : 'refused';
};

describe('expandScript', () => {
  it.each([
    ['$a$', "'1'"],
    ['$mailq.warning$', "'5'"],
    ['$ a $', "'1'"],
    ['-w $mailq.warning$ -c $mailq.critical$', "-w '5' -c '9'"],
    ['$no|a$ $no | mailq.warning$ $empty|a$', "'1' '5' '1'"],
    ['x$a$y', "x'1'y"],
    ["'x$a$y'", "'x1y'"],
    ['"x$a$y"', '"x1y"'],
    ['$q$ \'$q$\' "$q$"', `'it'\\''s "$x"' 'it'\\''s "$x"' "it's \\"\\$x\\""`],
    ['"$(cat $a$)"', `"$(cat '1')"`],
    ['"$(cat "$a$")"', '"$(cat "1")"'],
    ['$yes$ $no_text$', "'True' ''"],
    ['$$a $$$$ $$', '$a $$ $'],
    ['$HOME $PATH "$HOME" ${a} $1 $? $(a) $', '$HOME $PATH "$HOME" ${a} $1 $? $(a) $'],
    ["awk '{print $1, $2}'", "awk '{print $1, $2}'"],
    ["egrep 'a$|b$'", "egrep 'a$|b$'"],
    ['\\$a$ "\\$a$"', '\\$a$ "\\$a$"'],
    ["'\\$a$'", "'\\1'"],
    ['\\\\$a$', "\\\\'1'"],
    ['a # $a$\n$a$', "a # $a$\n'1'"],
    ["a#$a$ '#'$a$", "a#'1' '#''1'"],
    ['$x.y$', ''],
    ['a=$((1 + $b)); `b "`; ${c:-d} $a$', "a=$((1 + $b)); `b \"`; ${c:-d} '1'"],
    ['case a in b) c;; esac; (d) $a$', "case a in b) c;; esac; (d) '1'"],
  ])('makes %j %j', (script, text) => {
    const own = {
      a: 1,
      mailq: { warning: 5, critical: 9 },
      q: 'it\'s "$x"',
      yes: true,
      no_text: '',
      empty: null,
    };
    expect(textOf(script, own)).toBe(text);
  });

  it('takes the first tree that has a value', () => {
    expect(textOf('$a$ $b$ $c$', { a: 1 }, { a: 2, b: 2 }, { a: 3, b: 3, c: 3 })).toBe("'1' '2' '3'");
    expect(textOf('$a|b$', { b: 1 }, { a: 2 })).toBe("'2'");
    expect(textOf('$toString$$constructor.name$', {})).toBe('');
  });

  it('replaces in every argument of a list, without quotes', () => {
    const { plan } = expandScript(
      ['$dir$/check', '-w', '$w$', '$none$', "'$w$' $$5 \\$w$"],
      [{ dir: '/x', w: "a' b" }],
    );
    expect(plan).toEqual({ argv: ['/x/check', '-w', "a' b", '', "'a' b' $5 \\a' b"] });
  });

  it('warns of a macro that names nothing, and where it stands', () => {
    expect(shell('echo $a | b.c$', {}).findings).toEqual([
      {
        severity: 'warning',
        code: 'OPSBRO_CONFIG_UNKNOWN_MACRO',
        message: 'the macro $a|b.c$ names nothing: the check is UNKNOWN and its command is not run',
        argument: null,
        offset: 5,
      },
    ]);
    expect(expandScript(['a', 'b $x$'], [{}]).findings[0]).toMatchObject({ argument: 1, offset: 2 });
  });

  it('tells which macros name nothing, and what was meant', () => {
    const own = { disk: { warning: 5, none: null }, other: '' };
    const script = '$disk.warnin$ $disk.warning$ $zzz | disk.warnin$ $disk.none$ $zzz|other$';
    expect(expandScript(script, [own]).unresolved).toEqual([
      'macro $disk.warnin$ names nothing (did you mean $disk.warning$?)',
      'macro $zzz|disk.warnin$ names nothing (did you mean $disk.warning$?)',
      'macro $disk.none$ names nothing',
    ]);
    expect(expandScript(['$x$', '$x$'], [own]).unresolved).toEqual(['macro $x$ names nothing']);
    expect(expandScript('echo a # $x$', [own]).unresolved).toEqual([]);
  });

  it.each([
    ['`echo $a$`', 'stands inside backquotes; write $(…) instead of them'],
    ['"`echo $a$`"', 'stands inside backquotes'],
    ['${b:-$a$}', 'stands inside the braces of a parameter'],
    ['"${b:-$a$}"', 'stands inside the braces of a parameter'],
    ['echo $((1 + $a$))', 'stands inside $((…))'],
    ['"$((1 + $(echo $a$)))"', "stands behind '$((…))' with"],
    ['cat <<END\n$a$\nEND', 'stands behind a here-document'],
    ["echo $$'x' $a$", 'shells read differently'],
    ['$$$a$', "right behind a '$'"],
    ['"$$$a$"', "right behind a '$'"],
    ['"$(case x in y) echo $a$;; esac)"', "behind a 'case' inside $(…)"],
    ['[[ $a$ -gt 1 ]]', "behind '[['"],
    ['(( $a$ ))', "behind '(('"],
    ['"$$[ $a$ ]"', "behind '$['"],
    ['b[$a$]=1', "behind 'b['"],
    ['"${b:-"}"}" $a$', 'behind a parameter in braces'],
    ['$list$', 'names a list, which has no text'],
    ['$map$', 'names a mapping; name one of its keys: warning'],
    ['$nul$', 'names a text with a NUL'],
  ])('refuses %j and says why', (script, problem) => {
    const own = { a: 1, list: [1], map: { warning: 1 }, nul: 'a\0b' };
    const { plan, findings } = shell(script, own);
    expect(plan).toBeNull();
    expect(findings).toEqual([
      expect.objectContaining({
        severity: 'error',
        code: 'OPSBRO_CONFIG_TYPE',
        message: expect.stringContaining(problem),
      }),
    ]);
  });
});

it.each(['( ', '"$('])('refuses a macro inside of 200,000 times %j', (piece) => {
  const { findings } = shell(`${piece.repeat(200_000)}$a$`, { a: 1 });
  expect(findings[0]?.message).toContain('inside more than 100 parentheses and quotes');
});

const shells = [
  ['dash', []],
  ['sh', []],
  ['bash', []],
  ['bash', ['--posix']],
] as const;
const installed = shells.filter(([name]) => existsSync(`/bin/${name}`));
const hostile = [
  ...[
    '$(pwn)',
    '`pwn`',
    ';pwn;',
    '|pwn|',
    '&pwn&',
    '\npwn\n',
    ')pwn(',
    '}pwn;{',
    ";pwn;'",
    '";pwn;"',
    "';pwn;'",
    "';pwn;\n",
  ],
  ...[
    '\\',
    "\\';pwn;'",
    '\\";pwn;"',
    '(pwn)',
    '{pwn,pwn}',
    'a[$(pwn)]',
    'x[$(pwn)]=1',
    '$((a[$(pwn)]))',
    '<(pwn)',
    '\nE\npwn\n',
  ],
  ...[
    '"',
    "'",
    '`',
    '$',
    '$(',
    '#',
    '-n',
    '*',
    '~',
    '!',
    '',
    ' ',
    '\t',
    'é\u{2028}😀',
    "')\";pwn;'",
    ')";pwn;"',
    '))\npwn\n',
    ';;esac\npwn\n',
  ],
];
const value = fc.oneof(
  fc.constantFrom(...hostile),
  fc.array(fc.constantFrom(...hostile), { maxLength: 4 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll(/[\0\p{Cs}]/gu, '')),
);

describe.each(installed)('%s %j', (name, flags) => {
  let folder: string;
  const mark = (): string => join(folder, 'mark');
  const run = (script: string) =>
    spawnSync(`/bin/${name}`, [...flags, '-c', script], {
      cwd: join(folder, 'empty'),
      env: { PATH: join(folder, 'bin'), MARK: mark() },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
    });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'macros-'));
    mkdirSync(join(folder, 'bin'));
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'bin/pwn'), '#!/bin/sh\n: >"$MARK"\n', { mode: 0o755 });
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it('gives a command the values as they are, wherever they stand', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), (values) => {
        const own = Object.fromEntries(values.map((text, index) => [`v${index}`, text]));
        const words = values.map((_, index) => `$v${index}$ '<$v${index}$>' "<$v${index}$>" a$v${index}$b`);
        const script = `printf '%s\\0' ${words.join(' ')} "$(printf '<%s>' "$v0$" $v0$)"`;
        const text = textOf(script, own);
        const { stdout } = run(text);
        const expected = values.flatMap((text) => [text, `<${text}>`, `<${text}>`, `a${text}b`]);
        const first = values[0] as string;
        expect(stdout.toString('utf8').split('\0')).toEqual([...expected, `<${first}><${first}>`, '']);
      }),
      { numRuns: 100 },
    );
  });

  it('would notice a command that stands in a value', () => {
    run('echo "$(pwn)"');
    expect(existsSync(mark())).toBe(true);
    rmSync(mark());
  });

  it('runs nothing that stands in a value, whatever the script is', () => {
    const piece = fc.constantFrom(
      ...[
        "'",
        '"',
        '\\',
        '`',
        '$(',
        ')',
        '${a:-',
        '${a}',
        '}',
        '(',
        '#',
        ' ',
        '\n',
        '$$',
        '$((',
        '))',
        '<<E\n',
        '[',
        '[[ ',
        ' ]]',
      ],
      ...[
        'case x in ',
        ' esac',
        'echo ',
        ';',
        '&',
        '|',
        'a',
        '=',
        '1',
        '<',
        '$v$',
        '$v$',
        ' $v$',
        '"$v$"',
        "'$v$'",
        '\\\n',
        '\nE\n',
      ],
    );
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 14 }),
        fc.constantFrom(...hostile),
        (pieces, v) => {
          const { plan } = shell(`${pieces.join('')}$v$`, { v });
          if (plan === null || !('shell' in plan)) return;
          run(plan.shell);
          expect(existsSync(mark()), plan.shell).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });
});
