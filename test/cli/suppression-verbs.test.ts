import { userInfo } from 'node:os';
import { expect, it } from 'vitest';
import type { CliContext } from '../../cli/context.ts';
import { actor } from '../../cli/suppression-verbs.ts';

const acts = (env: { [name: string]: string }, by?: string): string =>
  actor({ process: { env } } as unknown as CliContext, by === undefined ? {} : { by });

it('names who acts: the option, the environment, else the user of the process', () => {
  expect(acts({ USER: 'ann' }, 'ben')).toBe('ben');
  expect(acts({ USER: 'ann' })).toBe('ann');
  expect(acts({})).toBe(userInfo().username);
});
