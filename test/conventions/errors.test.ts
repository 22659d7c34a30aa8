import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorCatalogue } from '../../core/errors.ts';
import { product, root, sourceFiles } from './repository.ts';

const files = sourceFiles(...product, 'test').filter(
  ({ path }) => path !== 'core/errors.ts' && !path.startsWith('test/conventions/'),
);
const inTests = files
  .filter(({ isTest }) => isTest)
  .map(({ text }) => text)
  .join('\n');
const inCode = files
  .filter(({ isTest }) => !isTest)
  .map(({ text }) => text)
  .join('\n');
const documented = readFileSync(join(root, 'core/README.md'), 'utf8');
const codes = Object.entries(errorCatalogue);

/** A code as a whole word, so that one code is not found inside a longer one. */
const names = (text: string, code: string): boolean => new RegExp(`\\b${code}\\b`).test(text);

/** Inside the expression thread an error carries the part after `OPSBRO_EXPRESSION_`. */
function raisedByPart(code: string): boolean {
  const part = code.replace(/^OPSBRO_EXPRESSION_/, '');
  return (
    part !== code &&
    files.some(({ path, text }) => path.startsWith('language/') && new RegExp(`['"]${part}['"]`).test(text))
  );
}

describe('the error catalogue', () => {
  it('is documented as it is', () => {
    const rows = documented
      .split('\n')
      .filter((line) => line.startsWith('| `OPSBRO_'))
      .map((line) => line.replaceAll(/ +/g, ' '));
    expect(rows).toEqual(codes.map(([code, meaning]) => `| \`${code}\` | ${meaning} |`));
  });

  it('holds no code that nothing raises', () => {
    expect(codes.map(([code]) => code).filter((code) => !names(inCode, code) && !raisedByPart(code))).toEqual(
      [],
    );
  });

  it('holds no code that no test provokes', () => {
    expect(codes.map(([code]) => code).filter((code) => !names(inTests, code))).toEqual([]);
  });

  it('holds every code that is named anywhere', () => {
    const named = new Set(`${inCode}\n${inTests}`.match(/\bOPSBRO_[A-Z]+(_[A-Z]+)+\b/g));
    const areas = new Set(codes.map(([code]) => code.split('_').slice(0, 2).join('_')));
    const strange = [...named].filter(
      (code) => areas.has(code.split('_').slice(0, 2).join('_')) && !(code in errorCatalogue),
    );
    expect(strange).toEqual([]);
  });
});
