import { expect, it } from 'vitest';
import { Asker } from './asker.ts';
import { ApiError } from './request.ts';

/** An asker whose requests a test answers. */
function open() {
  const asked: { signal: AbortSignal; answer(text: string): void; fail(error: Error): void }[] = [];
  const heard: string[] = [];
  const asker = new Asker<string>(
    (signal) =>
      new Promise((answer, fail) => {
        asked.push({ signal, answer, fail });
        signal.addEventListener('abort', () => fail(signal.reason));
      }),
    { answered: (text) => heard.push(text), failed: ({ message }) => heard.push(`failed: ${message}`) },
  );
  return { asker, asked, heard, turn: () => new Promise((resolve) => setImmediate(resolve)) };
}

it('leaves rounds out while an answer is on its way, so that it arrives', async () => {
  const { asker, asked, heard, turn } = open();
  for (let round = 0; round < 4; round += 1) asker.poll();
  expect([asked.length, asked[0]?.signal.aborted]).toEqual([1, false]);
  asked[0]?.answer('slow');
  await turn();
  expect([heard, asked.length]).toEqual([['slow'], 1]);
  asker.poll();
  expect(asked.length).toBe(2);
});

it('says that an answer did not come in time, and asks on', async () => {
  const { asker, asked, heard, turn } = open();
  asker.poll();
  asked[0]?.fail(new ApiError(0, '', 'the agent does not answer in time'));
  await turn();
  asker.poll();
  asked[1]?.answer('back');
  await turn();
  expect(heard).toEqual(['failed: the agent does not answer in time', 'back']);
});

it('asks once more where something changed since, however often', async () => {
  const { asker, asked, heard, turn } = open();
  for (let times = 0; times < 3; times += 1) asker.reload();
  asked[0]?.answer('before');
  await turn();
  asked[1]?.answer('after');
  await turn();
  expect([heard, asked.length]).toEqual([['before', 'after'], 2]);
});

it('ends its request, and says no more', async () => {
  const { asker, asked, heard, turn } = open();
  asker.reload();
  asker.reload();
  asker.end();
  expect(asked[0]?.signal.aborted).toBe(true);
  await turn();
  expect([heard, asked.length]).toEqual([[], 1]);
});
