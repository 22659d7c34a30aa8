import { expect, it } from 'vitest';
import { protectExpression } from '../../cli/expression-argument.ts';

const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');

it.each([
  ['checks state --json', 'checks state --json'],
  ['evaluator list --details', 'evaluator list --details'],
  ['evaluator eval 1', 'evaluator eval -- 1'],
  ['evaluator eval -1', 'evaluator eval -- -1'],
  ['evaluator eval -v', 'evaluator eval -- -v'],
  ['evaluator eval --1', 'evaluator eval -- --1'],
  ['evaluator eval --explain -1', 'evaluator eval --explain -- -1'],
  ['evaluator eval -1 --explain --json', 'evaluator eval --explain --json -- -1'],
  ['evaluator eval --language javascript -1', 'evaluator eval --language javascript -- -1'],
  ['evaluator eval --language=javascript -1', 'evaluator eval --language=javascript -- -1'],
  ['evaluator eval --as load -1', 'evaluator eval --as load -- -1'],
  ['evaluator eval a=b', 'evaluator eval -- a=b'],
  ['evaluator eval constructor', 'evaluator eval -- constructor'],
  ['evaluator eval -- --json', 'evaluator eval -- --json'],
  ['evaluator eval -h', 'evaluator eval -h --'],
  ['evaluator eval 1 -h', 'evaluator eval -- 1 -h'],
  ['--data d evaluator wait-eval-true -1 --timeout 5', '--data d evaluator wait-eval-true --timeout 5 -- -1'],
])('reads %j as %j', (typed, read) => {
  expect(protectExpression(words(typed))).toEqual(words(read));
});
