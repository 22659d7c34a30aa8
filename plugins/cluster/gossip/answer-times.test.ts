import { expect, it } from 'vitest';
import { AnswerTimes } from './answer-times.ts';

it.each([
  ['the longest time while few have answered', [1, 1, 1], 400],
  ['three tenths of it where all answer fast', Array(16).fill(2), 120],
  ['four times as long as the slowest took', [...Array(16).fill(2), 50], 200],
  ['never longer than the longest time', [...Array(16).fill(2), 300], 400],
  ['as long as before a slow answer that is long past', [300, ...Array(64).fill(2)], 120],
])('waits %s', (_title, times, expected) => {
  const answers = new AnswerTimes();
  for (const ms of times) answers.note(ms);
  expect(answers.waitMs(400)).toBeCloseTo(expected);
});
