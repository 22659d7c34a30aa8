import { expect, it } from 'vitest';
import { fileLimitAdvice, residentBytes } from '../../control/process-limits.ts';

it('knows the resident set also where no file can be opened', () => {
  expect(residentBytes(() => 1234)).toBe(1234);
  const fails = (): number => {
    throw Object.assign(new Error('EMFILE: too many open files, uv_resident_set_memory'), { code: 'EMFILE' });
  };
  expect(residentBytes(fails)).toBe(1234);
  expect(residentBytes()).toBeGreaterThan(1e6);
});

it.each([
  ['64                   64', '64'],
  ['1023                 524288', '1023'],
  ['1024                 524288', undefined],
  ['unlimited            unlimited', undefined],
])('judges %s open files', (columns, named) => {
  const limits = `Limit                     Soft Limit           Hard Limit           Units     \nMax open files            ${columns}               files     \n`;
  const advice = fileLimitAdvice(() => limits);
  if (named === undefined) expect(advice).toBeUndefined();
  else expect(advice).toContain(`may have ${named} files open`);
  expect(fileLimitAdvice(() => '')).toBeUndefined();
});
