import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../core/assembly.ts';
import { Arena } from './arena.ts';
import { codesOf, readAttacks, tables } from './attack.ts';

const answer = (secret: string) => ({
  runs: expect.any(Number),
  keys: 0,
  sum: '2,4,6',
  json: '{"a":1}',
  secret,
});

describe.each(tables)('an attack by %s', (table) => {
  const arena = new Arena();
  beforeAll(() => arena.open());
  afterAll(() => arena.close());

  it.each(readAttacks(table))('$name: ends alone', async (attack) => {
    const [result, during] = await Promise.all([arena.attack(attack), arena.neighbours()]);
    const after = await arena.neighbours();
    for (const answers of [during, after]) expect(answers).toEqual([answer('first'), answer('second')]);
    if (attack.yields !== undefined) {
      // As text: equal trees with an own __proto__ are not equal to all matchers.
      expect(JSON.stringify(result)).toContain(`"status":"done","value":${JSON.stringify(attack.yields)},`);
    } else if (attack.rests !== undefined) {
      expect(result).toMatchObject({ status: 'not-eligible', reason: expect.stringMatching(attack.rests) });
    } else {
      expect(result).toMatchObject({
        status: 'failed',
        error: { message: expect.stringMatching(attack.message ?? '') },
      });
      expect(codesOf(attack)).toContain((result as { error: { code: string } }).error.code);
    }
  });
});

/** The rows of the README for attacks that are no plugin's code: another file's tests try each. */
const elsewhere = [
  ...readFileSync(`${packageRoot}/test/sandbox/attacks/README.md`, 'utf8').matchAll(
    /^\| (\d+) +\| .*?\| `(\S+)` +\| (.*?) +\|$/gm,
  ),
].map(([, number, file = '', title = '']) => ({ number: Number(number), file, title }));

it('covers all attacks that this engine is known by', () => {
  const known = tables.flatMap((table) => readAttacks(table).flatMap(({ known }) => known ?? []));
  const numbers = new Set([...known, ...elsewhere.map(({ number }) => number)]);
  const missing = Array.from({ length: 70 }, (_, index) => index + 1).filter((one) => !numbers.has(one));
  expect(missing).toEqual([]);
});

it.each(elsewhere)('finds what the README says of attack $number in $file: $title', ({ file, title }) => {
  expect(readFileSync(`${packageRoot}/${file}`, 'utf8')).toContain(title);
});
