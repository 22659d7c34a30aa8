import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CommandRequest, CommandResult } from '../../../exec/command.ts';
import { openPool } from './pool-fixture.ts';

/** Commands of all manners, each of which prints nothing but its own word (and perhaps what a shell says). */
const manners: { [name: string]: (word: string) => CommandRequest } = {
  words: (word) => ({ argv: ['printf', '%s', word] }),
  script: (word) => ({ shell: `echo ${word}; echo ${word} >&2; exit 2` }),
  leftover: (word) => ({
    shell: `for i in 1 2 3 4 5; do sleep 0.0$i; echo ${word}; echo ${word} >&2; done & echo ${word}`,
  }),
  daemon: (word) => ({ shell: `setsid sh -c 'sleep 0.03; echo ${word}' & echo ${word}` }),
  flood: (word) => ({ shell: `yes ${word} | head -c 300000` }),
  slow: (word) => ({ shell: `echo ${word}; sleep 0.05; echo ${word}` }),
  late: (word) => ({ shell: `echo ${word}; sleep 20; echo ${word}`, timeoutMs: 50 }),
  suicide: (word) => ({ shell: `echo ${word}; kill -9 $$; echo ${word}` }),
  group: (word) => ({ shell: `echo ${word}; kill 0` }),
  broken: (word) => ({ shell: `echo '${word}` }),
  reader: (word) => ({ shell: `cat; echo ${word}` }),
  closed: (word) => ({ shell: `echo ${word}; exec >&- 2>&-; echo ${word}` }),
};

const foreign = (result: CommandResult, own: string): string[] =>
  [...result.text.matchAll(/w\d+x/g)].map(([word]) => word).filter((word) => word !== own);

it('never shows anything of one command in the output of another', async () => {
  const pool = openPool('/bin/sh', 3);
  let serial = 0;
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...Object.keys(manners)), { minLength: 10, maxLength: 40 }),
        async (names) => {
          const found = await Promise.all(
            names.map(async (name) => {
              serial += 1;
              const word = `w${serial}x`;
              const result = await pool.run(manners[name]?.(word) ?? {});
              if (name === 'words') expect(result).toMatchObject({ code: 0, text: word });
              if (name === 'script') expect(result).toMatchObject({ code: 2, text: `${word}\n${word}\n` });
              return foreign(result, word);
            }),
          );
          expect(found.flat()).toEqual([]);
        },
      ),
      { numRuns: 12 },
    );
  } finally {
    pool.dispose();
  }
});
