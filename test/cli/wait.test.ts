import { expect, it } from 'vitest';
import { waitUntil } from '../../cli/wait.ts';
import { OpsbroError } from '../../core/errors.ts';

const away = new OpsbroError('OPSBRO_AGENT_NOT_RUNNING', 'no agent answers');

it('returns what it waited for', async () => {
  const sightings = [{ done: false, why: 'not yet' } as const, { done: true, value: 7 } as const];
  expect(await waitUntil('x', 5, async () => sightings.shift() ?? { done: false, why: 'over' })).toBe(7);
});

it('gives up with the last reason', async () => {
  await expect(
    waitUntil('the sun shines', 0.01, async () => ({ done: false, why: 'it rains' })),
  ).rejects.toMatchObject({
    code: 'OPSBRO_CLI_TIMEOUT',
    message: 'waited 0.01 s until the sun shines; it rains',
  });
});

it('fails at once when no agent runs, but forgives one that answered before', async () => {
  await expect(waitUntil('x', 5, () => Promise.reject(away))).rejects.toBe(away);
  const looks = [
    async () => ({ done: false, why: 'not yet' }) as const,
    () => Promise.reject(away),
    async () => ({ done: true, value: 'back' }) as const,
  ];
  expect(await waitUntil('x', 5, () => (looks.shift() ?? looks[0])?.() ?? Promise.reject(away))).toBe('back');
});

it('ends with any other error', async () => {
  const error = new OpsbroError('OPSBRO_API_NOT_FOUND', 'no check');
  await expect(waitUntil('x', 5, () => Promise.reject(error))).rejects.toBe(error);
});
