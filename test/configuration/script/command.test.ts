import { afterEach, expect, it } from 'vitest';
import type { CheckObject } from '../../../configuration/model.ts';
import { createWorkbench, type Workbench } from '../workbench.ts';

let made: Workbench;

afterEach(() => made.dispose());

/** Loads `a/c.yml` with other files; gives its check and what was found, as `line:column severity message`. */
function load(text: string, files: { [path: string]: string } = {}) {
  made = createWorkbench();
  for (const [path, content] of Object.entries({ ...files, 'a/c.yml': text })) made.write(path, content);
  const { start, diagnostics, agent } = made.load();
  const found = diagnostics.map(
    ({ severity, message, place }) => `${place.line}:${place.column} ${severity} ${message}`,
  );
  return { check: start.find(({ id }) => id === 'a/check/c') as CheckObject | undefined, found, agent };
}

const lines = (...keys: string[]): string => `check:\n${keys.map((key) => `  ${key}\n`).join('')}`;

it('makes a check with a script one of check/nagios, with the defaults of commands', () => {
  const { check, found } = load(lines("script: '/bin/x'"));
  expect(found).toEqual([]);
  expect(check).toMatchObject({
    plugin: 'check/nagios',
    enabled: true,
    command: {
      argv: ['/bin/x'],
      shell: null,
      timeoutMs: 30_000,
      outputBytes: 65_536,
      nice: 0,
      runAs: null,
      environment: {},
    },
  });
  expect(check).not.toHaveProperty('program');
});

it.each([
  ["/bin/x -w 5 'a b'", ['/bin/x', '-w', '5', 'a b']],
  ['/bin/x "it is"', ['/bin/x', 'it is']],
  ['/bin/x | wc', null],
  ['/bin/x $HOME', null],
  ['echo a', null],
])('leaves %s to a shell only where it has a syntax of one', (script, argv) => {
  const { check } = load(lines(`script: ${JSON.stringify(script)}`));
  expect(check?.command).toMatchObject({ argv, shell: argv === null ? script : null });
});

it('takes every key of a command', () => {
  const keys = [
    "script: [/bin/x, '$y$']",
    'y: [1]',
    'timeout: 5s',
    'output_limit: 1MiB',
    'nice: 10',
    'run_as: nobody',
  ];
  const { check, found } = load(
    lines(...keys.filter((key) => !key.startsWith('y')), 'y: a b', 'environment: {A: 1, HOME: }'),
  );
  expect(found).toEqual([]);
  expect(check?.command).toEqual({
    argv: ['/bin/x', 'a b'],
    shell: null,
    timeoutMs: 5000,
    outputBytes: 2 ** 20,
    nice: 10,
    runAs: 'nobody',
    environment: { A: '1', HOME: null },
    unresolved: [],
  });
});

it("looks for a macro's value in the check, then in its pack's parameters, then in agent.yml", () => {
  const { check, agent, found } = load(
    lines(
      "script: '$nagiosplugins$/x $mailq.warning$ $mailq.critical$ $host$ $none | site$'",
      'mailq: {warning: 1}',
    ),
    {
      'a/parameters.yml': 'mailq: {critical: 9, warning: 8}\nhost: h\n',
      'agent.yml': 'host: other\nvariables: {site: s}\n',
    },
  );
  expect(found).toEqual([]);
  expect(check?.command?.argv).toEqual(['/usr/lib/nagios/plugins/x', '1', '9', 'h', 's']);
  expect(agent?.variables).toEqual({ nagiosplugins: '/usr/lib/nagios/plugins', host: 'other', site: 's' });
});

it('takes another place of the plugins from agent.yml, flat or below variables', () => {
  const script = lines("script: '$nagiosplugins$/x'");
  for (const text of ['nagiosplugins: /usr/lib64\n', 'variables: {nagiosplugins: /usr/lib64}\n'])
    expect(load(script, { 'agent.yml': text }).check?.command?.argv).toEqual(['/usr/lib64/x']);
});

it('restarts a check when a value of its script changes, and no other', () => {
  const other = lines("critical_if: '1 > 2'");
  load(lines("script: '/bin/x $y$'"), { 'a/parameters.yml': 'y: 1\n', 'a/other.yml': other });
  const running = made.run();
  made.write('a/parameters.yml', 'y: 2\n');
  expect(made.load(running).restart.map(({ id }) => id)).toEqual(['a/check/c']);
});

it.each([
  [["script: ''"], "1:1 error the check lacks 'critical_if', 'warning_if', 'script' or 'use'"],
  [
    ['use: nagios'],
    "1:1 error the check lacks the key 'script': a command line, or a list of a program and its arguments",
  ],
  [
    ['use: nagios', 'script: []'],
    "3:11 error the check lacks the key 'script': a command line, or a list of a program and its arguments",
  ],
  [["script: ['', a]"], "2:11 error 'script' names no program"],
  [
    ["script: '$x$'"],
    '2:12 warning the macro $x$ names nothing: the check is UNKNOWN and its command is not run',
  ],
  [
    ["script: '/bin/x `$y$`'", 'y: 1'],
    '2:20 error the macro $y$ stands inside backquotes; write $(…) instead of them',
  ],
  [
    ["script: [/bin/x, '-w$y$']", 'y: {a: 1}'],
    '2:23 error the macro $y$ names a mapping; name one of its keys: a',
  ],
  [['script: "/bin/x \\0"'], "2:11 error 'script' holds a NUL"],
  [
    ['script: /bin/x', 'output_limit: 100'],
    "3:17 error 'output_limit' is 100, expected a size from 1KiB to 16MiB",
  ],
  [
    ['script: /bin/x', 'environment: {a-b: 1}'],
    "3:17 error 'a-b' is no name of a variable: letters, digits and '_', no digit first",
  ],
  [['script: /bin/x', 'environment: [A]'], "3:16 error 'environment' is a list, expected a mapping"],
  [['script: /bin/x', 'nice: 20'], "3:9 error 'nice' is the number 20, expected at most 19"],
  [
    ['script: /bin/x', 'ok_output: "\'x\'"'],
    "3:3 warning 'ok_output' has no effect: the check runs its 'script'",
  ],
  [
    ['script: /bin/x', "warning_if: '1 > 2'"],
    "2:3 warning 'script' has no effect: the check has 'warning_if'; remove one of the two",
  ],
  [["critical_if: '1 > 2'", 'nice: 5'], "3:3 warning 'nice' has no effect: the check runs no 'script'"],
])('says what is wrong with %j', (keys, expected) => {
  expect(load(lines(...keys)).found).toContain(expected);
});

it('keeps a check whose script has a macro that names nothing, and what is wrong with it', () => {
  const { check } = load(lines("script: '$disk.warnin$'", 'disk: {warning: 5}'));
  expect(check?.command?.unresolved).toEqual([
    'macro $disk.warnin$ names nothing (did you mean $disk.warning$?)',
  ]);
});

it('judges by expressions where a check has both a script and one of them', () => {
  const { check } = load(lines('script: /bin/x', "critical_if: '1 > 2'"));
  expect(check).toMatchObject({ plugin: 'check/rule' });
  expect(check).not.toHaveProperty('command');
});
