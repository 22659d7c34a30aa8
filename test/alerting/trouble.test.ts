import { describe, expect, it } from 'vitest';
import {
  readTrouble,
  type Trouble,
  type TroubleRecord,
  troubleStep,
  troubleValue,
} from '../../alerting/trouble.ts';

const hour = 3_600_000;
const trouble = (object: string, kind: Trouble['kind'] = 'plugin'): Trouble => ({
  kind,
  object,
  text: `${object} is broken`,
  over: `${object} works`,
});

/** Looks again and again, and notes what is told. */
class Watch {
  records = new Map<string, TroubleRecord>();
  told: string[] = [];
  forgotten: string[] = [];

  look(at: number, ...found: Trouble[]): void {
    const { records, news, forgotten } = troubleStep(this.records, found, at);
    this.records = records;
    this.forgotten.push(...forgotten);
    for (const { change, record } of news)
      this.told.push(`${at} ${change} ${change === 'started' ? record.text : record.over}`);
  }
}

describe('troubles', () => {
  it('are told once when they begin and once when they end', () => {
    const watch = new Watch();
    for (const at of [1, 2, 3]) watch.look(at, trouble('a'));
    for (const at of [4, 5]) watch.look(at);
    expect(watch.told).toEqual(['1 started a is broken', '4 ended a works']);
  });

  it('that come and go are told once an hour, and then while they last', () => {
    const watch = new Watch();
    for (let at = 0; at < 60; at += 2) {
      watch.look(at, trouble('a'));
      watch.look(at + 1);
    }
    expect(watch.told).toEqual(['0 started a is broken', '1 ended a works']);
    watch.look(100, trouble('a'));
    watch.look(hour - 1, trouble('a'));
    expect(watch.told).toHaveLength(2);
    watch.look(hour, trouble('a'));
    expect(watch.told.at(-1)).toBe(`${hour} started a is broken`);
  });

  it('of different objects are told apart', () => {
    const watch = new Watch();
    watch.look(1, trouble('a'), trouble('b'), trouble('a', 'service'));
    expect(watch.told).toHaveLength(3);
  });

  it('of a configuration must last: files are saved half-written', () => {
    const watch = new Watch();
    watch.look(0, trouble('', 'configuration'));
    watch.look(9999, trouble('', 'configuration'));
    watch.look(10_000);
    expect(watch.told).toEqual([]);
    watch.look(20_000, trouble('', 'configuration'));
    watch.look(30_000, trouble('', 'configuration'));
    expect(watch.told).toEqual(['30000 started  is broken']);
  });

  it('are forgotten an hour after they were told', () => {
    const watch = new Watch();
    watch.look(0, trouble('a'));
    watch.look(1);
    watch.look(hour - 1);
    expect(watch.forgotten).toEqual([]);
    watch.look(hour);
    expect(watch.forgotten).toEqual(['trouble/plugin\ta']);
    expect(watch.records.size).toBe(0);
  });

  it('are bounded', () => {
    const watch = new Watch();
    watch.look(0, ...Array.from({ length: 1500 }, (_, index) => trouble(`p${index}`)));
    expect(watch.told).toHaveLength(1000);
  });

  it('are not repeated after a restart', () => {
    const watch = new Watch();
    watch.look(0, trouble('a'));
    for (const [key, record] of watch.records)
      watch.records.set(key, readTrouble(structuredClone(troubleValue(record))) as TroubleRecord);
    watch.look(5, trouble('a'));
    watch.look(6);
    expect(watch.told).toEqual(['0 started a is broken', '6 ended a works']);
  });

  it.each([[null], ['text'], [[]], [{ kind: 'plugin' }], [{ kind: 1, object: 'a', since: 1 }]])(
    'of the store that are none are left out: %j',
    (value) => expect(readTrouble(value)).toBeUndefined(),
  );
});
