import { expect, it } from 'vitest';
import type { ConfigStatusView } from '../../../control/shapes.ts';
import { findingsByFile } from './findings.ts';

it('puts findings to their files and lines, bad files first', () => {
  const finding = (file: string, line: number) => ({
    ...{ severity: 'warning', code: 'OPSBRO_CONFIG_TYPE', message: 'm', place: { file, line, column: 1 } },
  });
  const status = {
    bad_files: ['z.yml', 'y.yml'],
    diagnostics: [finding('a.yml', 9), finding('z.yml', 3), finding('a.yml', 2)],
  } as unknown as ConfigStatusView;
  expect(
    findingsByFile(status).map(({ file, isBad, findings }) => [
      file,
      isBad,
      findings.map(({ place }) => place.line),
    ]),
  ).toEqual([
    ['y.yml', true, []],
    ['z.yml', true, [3]],
    ['a.yml', false, [2, 9]],
  ]);
});
