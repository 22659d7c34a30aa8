import { expect, it } from 'vitest';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { Gathering } from './gathering.ts';

function gather() {
  const time = new VirtualTime();
  let tables = 0;
  const others = { served: 0 };
  const gathering = new Gathering<Uint8Array>({
    timers: time,
    table: (zone) => {
      tables += 1;
      return Uint8Array.of(zone?.length ?? 0);
    },
    served: () => others.served,
  });
  const answers: [name: string, atMs: number, answer: number | undefined][] = [];
  const ask = (name: string, zone?: string): void =>
    gathering.add(zone, (answer) => answers.push([name, Math.round(time.now()), answer?.[0]]));
  return { time, gathering, answers, ask, others, tables: () => tables };
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

it('waits for those whose exchange is open and who have not asked yet, but not for longer than a second', () => {
  const { time, answers, ask, others } = gather();
  others.served = 3;
  ask('a');
  time.pass(300);
  ask('b');
  time.pass(300);
  expect(answers).toEqual([]);
  // The third is gone.
  others.served = 2;
  time.pass(20);
  expect(answers.map(([name]) => name)).toEqual(['a', 'b']);
  answers.length = 0;
  others.served = 9;
  const startMs = Math.round(time.now());
  ask('c');
  time.pass(2000);
  expect(answers).toEqual([['c', startMs + 1000, 0]]);
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

it('answers no more than two MiB in one turn of the loop, and one at least', () => {
  const time = new VirtualTime();
  /** Of each turn, how many were answered in it. */
  const turns: number[] = [];
  let isOpen = false;
  const note = (): void => {
    if (!isOpen) turns.push(0);
    isOpen = true;
    turns.push((turns.pop() ?? 0) + 1);
  };
  const timers = {
    now: () => time.now(),
    after: (delayMs: number, run: () => void) =>
      time.after(delayMs, () => {
        isOpen = false;
        run();
      }),
  };
  let bytes = 512 * 1024;
  const gathering = new Gathering({ timers, table: () => ({ length: bytes }), served: () => 0 });
  for (let count = 0; count < 10; count += 1) gathering.add(undefined, note);
  time.pass(100);
  expect(turns.splice(0)).toEqual([4, 4, 2]);
  bytes *= 16;
  for (let count = 0; count < 3; count += 1) gathering.add(undefined, note);
  time.pass(100);
  expect(turns.splice(0)).toEqual([1, 1, 1]);
  bytes = 20_000;
  for (let count = 0; count < 99; count += 1) gathering.add(undefined, note);
  time.pass(100);
  expect(turns).toEqual([99]);
});

it('leaves without an answer whose turn has not come at the end', () => {
  const time = new VirtualTime();
  const gathering = new Gathering({
    timers: time,
    table: () => ({ length: 2 * 1024 * 1024 }),
    served: () => 0,
  });
  const answers: (object | undefined)[] = [];
  for (let count = 0; count < 100; count += 1) gathering.add(undefined, (answer) => answers.push(answer));
  expect(answers).toHaveLength(1);
  gathering.stop();
  time.pass(1000);
  expect(answers.filter((answer) => answer !== undefined)).toHaveLength(1);
  expect(answers).toHaveLength(100);
});

it('leaves without an answer who waits at the end', () => {
  const { time, gathering, answers, ask } = gather();
  ask('a');
  gathering.stop();
  time.pass(1000);
  expect(answers).toEqual([['a', 0, undefined]]);
});
