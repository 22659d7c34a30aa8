import { expect, test } from 'vitest';
import { compileCheck, compileDetector, compileValue } from '../../../language/compile.ts';
import { scopeOf } from './fixture.ts';

const scope = scopeOf({
  parameters: { redis: { port: 6379 }, threshold: 90 },
  configuration: { limits: { warning: 1 } },
  collectors: new Set(['cpustats', 'memory']),
});

test.each([
  ['# nothing', 'OPSBRO_EXPRESSION_SYNTAX', 9, 'the expression is empty'],
  ['1 +', 'OPSBRO_EXPRESSION_SYNTAX', 3, 'ends too early'],
  ['1 1', 'OPSBRO_EXPRESSION_SYNTAX', 2, "cannot read the expression at '1'"],
  ["'abc", 'OPSBRO_EXPRESSION_SYNTAX', 4, 'ends too early'],
  ['1; 2', 'OPSBRO_EXPRESSION_UNSUPPORTED', 0, 'expected an expression'],
  ['x = 1', 'OPSBRO_EXPRESSION_UNSUPPORTED', 0, "found a statement at 'x = 1'"],
  ['{{collector.memory.x}} = 1', 'OPSBRO_EXPRESSION_UNSUPPORTED', 0, "to compare write '=='"],
  ['1 > 2 && 3 > 4', 'OPSBRO_EXPRESSION_SYNTAX', 7, "at '& 3 > 4'; write 'and'"],
  ['1 > 2 || 3 > 4', 'OPSBRO_EXPRESSION_SYNTAX', 7, "at '| 3 > 4'; write 'or'"],
  ['!(1 > 2)', 'OPSBRO_EXPRESSION_SYNTAX', 0, "write 'not'"],
  ['1 === 2', 'OPSBRO_EXPRESSION_SYNTAX', 4, "write '==' or '!='"],
  ['1 > 2 AND 3 > 4', 'OPSBRO_EXPRESSION_SYNTAX', 6, 'write it in small letters'],
  ['1 > 2 ? 3 : 4', 'OPSBRO_EXPRESSION_SYNTAX', 6, "write 'A if CONDITION else B'"],
  ['$limit$ > 1', 'OPSBRO_EXPRESSION_SYNTAX', 0, 'macros are for scripts; write {{…}}'],
  ['{{collector.memory.x} > 1', 'OPSBRO_EXPRESSION_SYNTAX', 25, "too early; a '{{' is not closed by '}}'"],
  ['1 < {{collector.memory.x', 'OPSBRO_EXPRESSION_SYNTAX', 24, "a '{{' is not closed by '}}'"],
  ['lambda: 1', 'OPSBRO_EXPRESSION_UNSUPPORTED', 0, 'lambda cannot be used'],
  [
    '__import__("os").system("ls")',
    'OPSBRO_EXPRESSION_UNKNOWN_FUNCTION',
    0,
    "the function '__import__' does not exist",
  ],
  ['().__class__', 'OPSBRO_EXPRESSION_UNSUPPORTED', 0, 'attributes cannot be read'],
  ['collector.cpustats.x > 1', 'OPSBRO_EXPRESSION_UNSUPPORTED', 0, 'write {{collector.cpustats.x}}'],
  ['idle < 3', 'OPSBRO_EXPRESSION_UNKNOWN_NAME', 0, "the name 'idle' does not exist"],
  ['1 < true', 'OPSBRO_EXPRESSION_UNKNOWN_NAME', 4, "did you mean 'True'?"],
  ['{{collector.memory.x}} is null', 'OPSBRO_EXPRESSION_UNKNOWN_NAME', 26, "did you mean 'None'?"],
  ['file_exists', 'OPSBRO_EXPRESSION_UNKNOWN_NAME', 0, 'call it as file_exists(…)'],
  ["1 < 2 and file_exist('/x')", 'OPSBRO_EXPRESSION_UNKNOWN_FUNCTION', 10, "did you mean 'file_exists'?"],
  ['file_exists()', 'OPSBRO_EXPRESSION_TYPE', 0, "lacks its argument 'path'"],
  ["file_exists('a', 'b')", 'OPSBRO_EXPRESSION_TYPE', 0, 'takes at most 1 arguments, found 2'],
  ["grep_file('a', 'b', regex=True)", 'OPSBRO_EXPRESSION_TYPE', 0, "did you mean 'regexp'?"],
  ["grep_file('a', 'b', path='c')", 'OPSBRO_EXPRESSION_TYPE', 0, "got 'path' twice"],
  ['f(*[1])', 'OPSBRO_EXPRESSION_UNSUPPORTED', 2, 'unpacking with *'],
  ["b'x'", 'OPSBRO_EXPRESSION_UNSUPPORTED', 0, 'bytes do not exist'],
  ['3j', 'OPSBRO_EXPRESSION_UNSUPPORTED', 0, 'complex numbers'],
  ['007', 'OPSBRO_EXPRESSION_SYNTAX', 0, 'leading zeros'],
  ["'\\xzz'", 'OPSBRO_EXPRESSION_SYNTAX', 1, 'escape'],
  [
    '{{colector.cpustats.x}}',
    'OPSBRO_EXPRESSION_UNKNOWN_NAME',
    0,
    "starts with 'colector'; expected one of collector",
  ],
  ['1 + {{variables.tottal}}', 'OPSBRO_EXPRESSION_UNKNOWN_NAME', 4, "did you mean 'total'?"],
  ['{{variables.loop}}', 'OPSBRO_EXPRESSION_UNSUPPORTED', 0, "the variable 'loop' needs itself"],
  ['{{collector..x}}', 'OPSBRO_EXPRESSION_SYNTAX', 0, 'an empty step'],
  ['\ue000 + 1', 'OPSBRO_EXPRESSION_SYNTAX', 0, 'private-use'],
  ['('.repeat(300) + ')'.repeat(300), 'OPSBRO_EXPRESSION_LIMIT', 100, 'nested deeper'],
  ['1'.repeat(20_000), 'OPSBRO_EXPRESSION_LIMIT', 0, 'over the limit'],
])('says of %j the code %s at %d: %s', (text, code, offset, message) => {
  const variables = { total: '1', loop: '{{variables.loop}}' };
  const { program, findings } = compileCheck('a', { critical_if: text, variables }, scope, 'opsbro');
  expect(program).toBeUndefined();
  const found = findings.find((finding) => finding.severity === 'error' && finding.code === code);
  expect(found?.message).toContain(message);
  if (found?.field === 'critical_if') expect(found.offset).toBe(offset);
});

test.each([
  ['{{collector.cpustat.x}}', 'OPSBRO_CONFIG_UNKNOWN_COLLECTOR', "did you mean 'cpustats'?"],
  ['{{parameters.thresold}} > 1', 'OPSBRO_CONFIG_UNKNOWN_PARAMETER', "did you mean 'parameters.threshold'?"],
  [
    '{{configuration.limits.warnin}} > 1',
    'OPSBRO_CONFIG_UNKNOWN_PARAMETER',
    "did you mean 'configuration.limits.warning'?",
  ],
])('warns of %s with %s: %s', (text, code, message) => {
  const { program, findings } = compileCheck('a', { critical_if: text }, scope, 'opsbro');
  expect(program).toBeDefined();
  expect(findings).toMatchObject([{ severity: 'warning', code, field: 'critical_if', offset: 0 }]);
  expect(findings[0]?.message).toContain(message);
});

test('tells the faults of every field at once, unused variables included', () => {
  const { findings } = compileCheck(
    'a',
    { critical_if: '1 +', warning_output: 'nope', ok_output: 'x(1)', variables: { v: '2 *' } },
    scope,
    'opsbro',
  );
  expect(findings.map(({ field }) => field).sort()).toEqual([
    'critical_if',
    'ok_output',
    'variables.v',
    'warning_output',
  ]);
});

test('binds what exists, names what may be asked, and keeps values out of the source', () => {
  const { program } = compileCheck(
    'a',
    {
      critical_if: "{collector.CpuStats.cpu_all.%idle} > {{parameters.redis.port}} and file_exists('/x')",
      ok_output: "'{{configuration.limits.warning}}'",
    },
    scope,
    'opsbro',
  );
  expect(program).toMatchObject({
    id: 'a',
    kind: 'check',
    language: 'opsbro',
    constants: [6379, '/x', 1],
    references: [
      { collector: 'cpustats', path: ['cpu_all', '%idle'], text: 'collector.cpustats.cpu_all.%idle' },
    ],
    functions: ['file_exists'],
  });
  expect(program?.source).not.toMatch(/6379|\/x/);
});

test('gives expressions of one shape one source, whatever they are written with', () => {
  const sources = [90, 80].map((limit) => {
    const fields = {
      critical_if: `{{collector.memory.x}} > ${limit}`,
      critical_output: `'over ${limit}: %s' % {{collector.memory.x}}`,
    };
    return compileCheck('a', fields, scope, 'opsbro').program?.source;
  });
  expect(sources[0]).toBe(sources[1]);
});

test('compiles detectors, whose groups are texts with placeholders', () => {
  const fields = {
    apply_if: 'True',
    add_groups: ['linux', 'v{{collector.memory.x}}', '{{collector.memory.x'],
  };
  const { program, findings } = compileDetector('d', fields, scope, 'opsbro');
  expect(findings).toEqual([]);
  expect(program).toMatchObject({ kind: 'detector', references: [{ collector: 'memory', path: ['x'] }] });
});

test('leaves an unknown function of a value to its evaluation, and gives the tree', () => {
  const { program, tree } = compileValue('v', 'True or nope(1)', scope, 'opsbro');
  expect(program?.tree).toEqual(tree);
  expect(tree).toMatchObject({
    node: 'or',
    source: 'True or nope(1)',
    children: [{ source: 'True' }, { source: 'nope(1)' }],
  });
});

test.each([
  ['1 +', 'OPSBRO_EXPRESSION_SYNTAX', 'not a JavaScript expression'],
  ['1); process.exit(', 'OPSBRO_EXPRESSION_SYNTAX', 'not a JavaScript expression'],
  ["'cpu {{collector.memory.x}}'", 'OPSBRO_EXPRESSION_SYNTAX', "write 'text ' + {{…}}"],
])('says of the JavaScript %s the code %s: %s', (text, code, message) => {
  const { program, findings } = compileCheck('a', { critical_if: text }, scope, 'javascript');
  expect(program).toBeUndefined();
  expect(findings).toMatchObject([{ severity: 'error', code }]);
  expect(findings[0]?.message).toContain(message);
});
