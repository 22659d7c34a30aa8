import { expect, it } from 'vitest';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { Gathering } from './gathering.ts';

function gather() {
  const time = new VirtualTime();
  let tables = 0;
  const gathering = new Gathering<Uint8Array>(time, (zone) => {
    tables += 1;
    return Uint8Array.of(zone?.length ?? 0);
  });
  const answers: [name: string, atMs: number, answer: number | undefined][] = [];
  const ask = (name: string, zone?: string): void =>
    gathering.add(zone, (answer) => answers.push([name, Math.round(time.now()), answer?.[0]]));
  return { time, gathering, answers, ask, tables: () => tables };
}

it('answers one who asks alone soon', () => {
  const { time, answers, ask } = gather();
  ask('a');
  time.pass(100);
  expect(answers).toEqual([['a', 40, 0]]);
});

it('answers those who ask in a row together, by one table for each zone', () => {
  const { time, answers, ask, tables } = gather();
  for (const [name, zone] of [['a'], ['b'], ['c', 'lan'], ['d']] as const) {
    ask(name, zone);
    time.pass(30);
  }
  time.pass(100);
  expect(answers).toEqual([
    ['a', 130, 0],
    ['b', 130, 0],
    ['c', 130, 3],
    ['d', 130, 0],
  ]);
  expect(tables()).toBe(2);
});

it('lets nobody wait for longer than a second, nor more than a hundred at a time', () => {
  const { time, answers, ask } = gather();
  for (let count = 0; count < 60; count += 1) {
    ask(`${count}`);
    time.pass(20);
  }
  expect(answers[0]?.[1]).toBe(1000);
  time.pass(100);
  answers.length = 0;
  const startMs = Math.round(time.now());
  for (let count = 0; count < 100; count += 1) ask(`${count}`);
  expect(answers.map(([, atMs]) => atMs)).toEqual(Array(100).fill(startMs));
});

it('leaves without an answer who waits at the end', () => {
  const { time, gathering, answers, ask } = gather();
  ask('a');
  gathering.stop();
  time.pass(1000);
  expect(answers).toEqual([['a', 0, undefined]]);
});
