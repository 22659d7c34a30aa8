import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asNobody } from 'opsbro/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrustedOwners } from '../../configuration/sources/files.ts';
import { createWorkbench, lines, type Workbench } from './workbench.ts';

const good = 'check:\n  critical_if: "{{collector.cpustats.idle}} < 1"\n';
let made: Workbench;

beforeEach(() => {
  made = createWorkbench();
  made.write('good/cpu.yml', good);
});

afterEach(() => made.dispose());

/** Every finding of a load, and the proof that the good object was not affected. */
function findings(): string[] {
  const plan = made.load();
  expect(plan.start.map(({ id }) => id)).toContain('good/check/cpu');
  return lines(plan.diagnostics);
}

describe('a bad file', () => {
  const texts: [string, string, RegExp][] = [
    ['invalid syntax', 'check:\n  a: [1, 2\nb: 3\n', /^x.yml:\d:\d error invalid YAML: /],
    ['an unclosed quote', 'check:\n  notes: "abc\n', /^x.yml:\d:\d+ error invalid YAML: /],
    [
      'tabs',
      'check:\n\tinterval: 10s\n',
      /^x.yml:2:1 error invalid YAML: tabs are not allowed as indentation/,
    ],
    ['nothing in it', '', /^x.yml:1:1 error the file is empty; fill or remove it$/],
    ['only spaces', '  \n\n', /^x.yml:1:1 error the file is empty/],
    ['a plain value', 'hello\n', /^x.yml:1:1 error found a plain value, expected a mapping such as 'check:'/],
    ['a list', '- check: {}\n', /^x.yml:1:1 error found a list, expected a mapping/],
    [
      'an unknown kind',
      'chekc:\n  a: 1\n',
      /^x.yml:1:1 error the key 'chekc' does not exist in a configuration file; did you mean 'check'\?$/,
    ],
    ['an empty object', 'check:\n', /^x.yml:1:1 error 'check' is empty, expected its keys below it$/],
    [
      'an unknown key',
      `${good}  intervall: 10s\n`,
      /^x.yml:3:3 error the key 'intervall' does not exist in a check; did you mean 'interval'\?$/,
    ],
    [
      'a wrong type',
      `${good}  attempts: many\n`,
      /^x.yml:3:13 error 'attempts' is the text "many", expected a whole number$/,
    ],
    [
      'a number out of range',
      `${good}  attempts: 0\n`,
      /^x.yml:3:13 error 'attempts' is the number 0, expected at least 1$/,
    ],
    [
      'no duration',
      `${good}  interval: soon\n`,
      /^x.yml:3:13 error 'interval' is the text "soon", expected a duration of at least one second, such as '10s'/,
    ],
    [
      'too short an interval',
      `${good}  interval: 100ms\n`,
      /^x.yml:3:13 error 'interval' is the text "100ms", expected a duration of at least one second, such as '10s'/,
    ],
    [
      'yes for true',
      `${good}  enabled: yes\n`,
      /^x.yml:3:12 error 'enabled' is the text "yes", expected true or false$/,
    ],
    [
      'a word that is no state',
      'handler: {type: log, severities: [bad]}\n',
      /^x.yml:1:35 error 'severities.0' is the text "bad", expected one of ok, warning, critical, unknown$/,
    ],
    [
      'groups that are no list',
      'detector: {apply_if: "True", groups: web}\n',
      /^x.yml:1:38 error 'groups' is the text "web", expected a list$/,
    ],
    [
      'a detector without condition',
      'detector: {groups: [web]}\n',
      /^x.yml:1:1 error a detector lacks the key 'apply_if'$/,
    ],
    [
      'a detector without groups',
      'detector: {apply_if: "True"}\n',
      /^x.yml:1:1 error a detector lacks the key 'add_groups'$/,
    ],
    [
      'a check that judges nothing',
      'check: {interval: 10s}\n',
      /^x.yml:1:1 error the check lacks 'critical_if', 'warning_if', 'script' or 'use'$/,
    ],
    [
      'an unknown plugin',
      'collector: {use: rediss}\n',
      /^x.yml:1:18 error the plugin collector\/rediss does not exist; did you mean 'collector\/redis'\?$/,
    ],
    [
      'an unknown option',
      'collector: {use: redis, options: {prot: 1}}\n',
      /^x.yml:1:35 error the key 'prot' does not exist in collector\/redis; did you mean 'port'\?$/,
    ],
    [
      'an option of the wrong type',
      'collector: {use: redis, port: x}\n',
      /^x.yml:1:31 error 'port' is the text "x", expected a whole number$/,
    ],
    [
      'an option that is no size',
      'collector: {use: redis, buffer: big}\n',
      /^x.yml:1:33 error 'buffer' is the text "big", expected a size such as '64MiB'/,
    ],
    [
      'an option whose expression is wrong',
      'collector: {use: redis, ready_if: "1 +"}\n',
      /^x.yml:1:\d+ error /,
    ],
    [
      'a test without expectation',
      `${good}  tests: [{given: {}}]\n`,
      /^x.yml:3:11 error 'tests.0' lacks the key 'expect'$/,
    ],
    [
      'an expression that does not parse',
      'check:\n  critical_if: "1 + + )"\n',
      /^x.yml:2:\d+ error critical_if: /,
    ],
    [
      'an unknown function',
      "check:\n  critical_if: \"grep_fil('a', 'b')\"\n",
      /^x.yml:2:17 error critical_if: the function 'grep_fil' does not exist; did you mean 'grep_file'\?$/,
    ],
    ['an unknown name', 'check:\n  critical_if: "foo < 1"\n', /^x.yml:2:17 error critical_if: .*foo/],
    ['deep nesting', `check: ${'['.repeat(200)}\n`, /^x.yml:\d+:\d+ error /],
    ['very deep nesting', `check: ${'['.repeat(30_000)}${']'.repeat(30_000)}\n`, /^x.yml:\d+:\d+ error /],
    [
      'a prototype key',
      'check:\n  __proto__: {polluted: true}\n',
      /^x.yml:2:3 error the key '__proto__' is not allowed$/,
    ],
    [
      'a constructor key',
      'check: {data: {constructor: {prototype: 1}}}\n',
      /^x.yml:1:16 error the key 'constructor' is not allowed$/,
    ],
    [
      'a number JSON lacks',
      'check: {attempts: .inf}\n',
      /^x.yml:1:19 error found Infinity, expected a finite number$/,
    ],
    ['an alias to nothing', 'check: {notes: *none}\n', /^x.yml:1:\d+ error /],
    [
      'an unknown tag',
      'check: {notes: !!python/object x}\n',
      /^x.yml:1:16 error invalid YAML: unresolved tag/,
    ],
    [
      'a bad dashboard expression',
      'dashboard: {title: t, content: {donut: {value: "1 +"}}}\n',
      /^x.yml:1:\d+ error /,
    ],
    [
      'a NUL byte',
      'check:\n  notes: a\0b\n',
      /^x.yml:2:1 error found a zero byte: the file is binary, expected text$/,
    ],
  ];

  it.each(texts)('with %s is told by place, finding and expectation', (_what, text, expected) => {
    made.write('bad/x.yml', text);
    const found = findings();
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toMatch(expected);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  const warnings: [string, string, RegExp][] = [
    [
      'a key given twice',
      `${good}  notes: a\n  notes: b\n`,
      /^x.yml:4:3 warning the key 'notes' is given twice, the last one counts$/,
    ],
    [
      'a parameter that does not exist',
      'check: {critical_if: "{{parameters.x}} > 1"}\n',
      /^x.yml:1:\d+ warning critical_if: .*parameters.x/,
    ],
    [
      'a collector that does not exist',
      'check: {critical_if: "{{collector.cpustat.x}} > 1"}\n',
      /^x.yml:1:\d+ warning critical_if: the collector 'cpustat' does not exist; did you mean 'cpustats'\?$/,
    ],
    [
      'the plural of collector',
      'check: {critical_if: "{{collectors.cpustats.x}} > 1 or {collectors.cpustats.y} > 1"}\n',
      /^x.yml:1:\d+ warning critical_if: 'collectors.cpustats.x' is read as 'collector.cpustats'; write 'collector'/,
    ],
    [
      'a macro that names nothing',
      'check: {script: "/bin/x $nothing$"}\n',
      /warning the macro \$nothing\$ names nothing: the check is UNKNOWN and its command is not run/,
    ],
    [
      'a kind of a later version',
      'generator: {path: /x}\n',
      /^x.yml:1:1 warning 'generator' is not installed in this version; the object is left out$/,
    ],
    [
      'a template that does not exist',
      'handler: {type: log, text: a.tpl}\n',
      /^x.yml:1:28 warning the template .*\/bad\/templates\/a.tpl does not exist; each run looks for it again$/,
    ],
  ];

  it.each(warnings)('%s is only a warning', (_what, text, expected) => {
    made.write('bad/x.yml', text);
    const found = findings();
    expect(
      found.some((line) => expected.test(line)),
      found.join('\n'),
    ).toBe(true);
    expect(found.filter((line) => line.includes(' error '))).toEqual([]);
  });

  it.each([
    [
      'a check with an unknown key and wrong types',
      'check:\n  intervall: 10s\n  attempts: x\n  critical_if: "a +"\n  warning_if: "nothing()"\n  handlers: [lag]\n',
      ['2:3 error', '3:13 error', '4:20 error', '5:16 error', '6:14 warning'],
    ],
    [
      'a detector',
      'detector:\n  intervall: 10s\n  apply_if: "b +"\n  add_groups: ["{{x.y}}"]\n',
      ['2:3 error', '3:17 error', '4:17 error'],
    ],
    ['a missing plugin', 'handler:\n  use: nothing\n  severities: [bad]\n', ['2:8 error', '3:16 error']],
  ])('has every finding told at once: %s', (_what, text, expected) => {
    made.write('good/log.yml', 'handler: {}\n');
    made.write('x/x.yml', text);
    const starts = findings().map((line) => line.split(' ').slice(0, 2).join(' '));
    expect(starts).toEqual(expected.map((start) => `x.yml:${start}`));
  });

  it('says where in a text a finding is, whatever the style of the text', () => {
    const where = (text: string): string | undefined => {
      made.write('bad/x.yml', text);
      return findings()
        .find((line) => line.includes('nope'))
        ?.split(' ')[0];
    };
    expect(where('check:\n  critical_if: 1 < nope()\n')).toBe('x.yml:2:20');
    expect(where("check:\n  critical_if: '(''a'') < nope()'\n")).toBe('x.yml:2:27');
    expect(where('check:\n  critical_if: "\\"a\\" < nope()"\n')).toBe('x.yml:2:25');
    expect(where('check:\n  critical_if: |\n    1 <\n     nope()\n')).toMatch(/^x.yml:[34]:/);
    expect(where('check:\n  critical_if: >-\n    1 < nope()\n')).toBe('x.yml:3:9');
    expect(where('check:\n  critical_if: "1"\n  variables:\n    a.b: nope()\n')).toBe('x.yml:4:10');
    expect(where('detector:\n  apply_if: "1"\n  tags: ["ok", "{{nope.x}}"]\n')).toMatch(/^x.yml:3:1\d$/);
  });

  it('is stopped at alias bombs', () => {
    const rows = Array.from({ length: 9 }, (_, i) => `  l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`).join(
      '\n',
    );
    made.write('bad/x.yml', `check:\n  l0: &l0 [lol]\n${rows}\n`);
    expect(findings()[0]).toMatch(/^x.yml:\d+:\d+ error more than 20 aliases expanded$/);
  });

  it('may use a few aliases', () => {
    made.write('bad/x.yml', 'check:\n  critical_if: &e "{{collector.cpustats.a}} > 1"\n  warning_if: *e\n');
    expect(findings()).toEqual([]);
  });

  it('that is not UTF-8 is named with the line', () => {
    made.write('bad/x.yml', Buffer.concat([Buffer.from('check:\n  notes: caf'), Buffer.from([0xe9, 0x0a])]));
    expect(findings()).toEqual(['x.yml:2:1 error found bytes that are not UTF-8; save the file as UTF-8']);
  });

  it('may open with a byte order mark', () => {
    made.write('bad/x.yml', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(good)]));
    expect(findings()).toEqual([]);
  });

  it('of 50 MB is never read', () => {
    made.write('bad/x.yml', Buffer.alloc(50 * 1024 * 1024, 0x61));
    const before = process.memoryUsage().arrayBuffers;
    expect(findings()).toEqual(['x.yml:1:1 error the file has 52428800 bytes, at most 1048576 are read']);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * 1024 * 1024);
  });

  it('that is a folder, a pipe or a link loop is never opened', () => {
    mkdirSync(made.path('bad/folder.yml'), { recursive: true });
    execFileSync('mkfifo', [made.path('bad/pipe.yml')]);
    symlinkSync('loop.yml', made.path('bad/loop.yml'));
    symlinkSync('nowhere.yml', made.path('bad/nothing.yml'));
    symlinkSync('..', made.path('bad/parent'));
    expect(findings()).toEqual([
      'folder.yml:1:1 error found a folder, expected a file; rename it',
      'loop.yml:1:1 error cannot read it: a symbolic link loop',
      'nothing.yml:1:1 error cannot read it: it does not exist (or is a link to nothing)',
      'parent:1:1 error the link leads back into a folder that contains it',
      'pipe.yml:1:1 error found a device, pipe or socket, expected a file',
    ]);
  });

  it('with two objects of one id names both places', () => {
    made.write('bad/x.yml', `${good}---\n${good}`);
    made.write('bad/monitoring/x.yml', good);
    const place = made.path('bad/monitoring/x.yml');
    expect(findings()).toEqual([
      `x.yml:1:1 error the object bad/check/x exists already at ${place}:1:1; give one of them another 'id'`,
      `x.yml:4:1 error the object bad/check/x exists already at ${place}:1:1; give one of them another 'id'`,
    ]);
  });

  it('with a collector name that another pack has names both places', () => {
    made.write('a/redis.yml', 'collector: {}\n');
    made.write('bad/redis.yml', 'collector: {}\n');
    expect(findings()[0]).toMatch(
      /^redis.yml:1:1 error the collector 'redis' exists already at .*a\/redis.yml:1:1/,
    );
  });

  it('of comments alone holds nothing and is fine', () => {
    made.write('bad/x.yml', '# check: {}\n');
    expect(findings()).toEqual([]);
  });

  it('that may not be read is named', async () => {
    writeFileSync(made.path('x.yml'), '', { mode: 0 });
    chmodSync(made.path('..'), 0o755);
    expect(await asNobody(findings)).toEqual(['x.yml:1:1 error cannot read the file: permission denied']);
  });
});

describe('a configuration directory', () => {
  it('that does not exist is an error', () => {
    rmSync(made.path('.'), { recursive: true });
    expect(made.load().diagnostics).toMatchObject([{ code: 'OPSBRO_CONFIG_NOT_FOUND', severity: 'error' }]);
  });

  it('may hold editor files, hidden files and Kubernetes links', () => {
    for (const name of ['.x.yml.swp', 'x.yml~', '4913', '.hidden.yml', 'note.txt'])
      made.write(`bad/${name}`, 'nonsense: [');
    made.write('bad/..v1/ok.yml', good);
    symlinkSync('..v1', made.path('bad/..data'));
    symlinkSync('..data/ok.yml', made.path('bad/ok.yml'));
    expect(findings()).toEqual([]);
    expect(made.load().start.map(({ id }) => id)).toContain('bad/check/ok');
  });
});

describe('as root', () => {
  const uid = process.getuid?.() ?? 0;

  function unsafe(owners: TrustedOwners, prepare: (path: string) => void): string[] {
    const safe = createWorkbench(['config.d'], owners);
    try {
      const file = join(safe.directories.config[0]!, 'x.yml');
      writeFileSync(file, good);
      chmodSync(file, 0o644);
      prepare(file);
      return lines(safe.load().diagnostics);
    } finally {
      safe.dispose();
    }
  }

  it.each([
    [0o644, []],
    [0o664, ['x.yml:1:1 error the file is writable by its group or everybody (0664); chmod go-w it']],
    [0o666, ['x.yml:1:1 error the file is writable by its group or everybody (0666); chmod go-w it']],
  ])('a file of mode %o', (mode, expected) => {
    expect(unsafe([uid], (file) => chmodSync(file, mode))).toEqual(expected);
  });

  it('a file of a foreign owner is refused', () => {
    expect(unsafe([uid + 1], () => {})).toEqual([
      `x.yml:1:1 error the file belongs to user ${uid}, expected ${uid + 1}`,
    ]);
  });

  it.skipIf(process.getuid?.() !== 0)('a file given to somebody else is refused', () => {
    expect(unsafe([0], (file) => chownSync(file, 12_345, 0))).toEqual([
      'x.yml:1:1 error the file belongs to user 12345, expected 0',
    ]);
  });

  it('a folder that everybody may write is refused', () => {
    expect(unsafe([uid], (file) => chmodSync(join(file, '..'), 0o777))[0]).toMatch(
      /the folder is writable by everybody/,
    );
  });
});
