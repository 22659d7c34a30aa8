import { describe, expect, it } from 'vitest';
import { sampleCheck, samplePushed } from '../live/sample-facts.ts';
import { filterOf, orderOf, queryOf, toggledState } from './filter-query.ts';
import { checkRow, filteredRows, sortedRows, stateCounts, worstOf } from './rows.ts';

const facts = [
  sampleCheck('memory', { since: 3000 }),
  sampleCheck('disks', { state: 'critical', since: 1000, output: '/var is full' }),
  sampleCheck('load', { state: 'critical', since: 2000, hard: false }),
  sampleCheck('ntp', { stale: true }),
  samplePushed('web1', 'queue', { state: 'warning' }),
  sampleCheck('new', { state: 'pending', since: null }),
];
const rows = facts.map((fact) => checkRow(fact, 'own'));
const names = (query: string): string[] =>
  filteredRows(rows, filterOf(new URLSearchParams(query))).map(({ name }) => name);

describe('rows of checks', () => {
  it('tell whose host it is, and what is not to be believed', () => {
    expect(rows.map(({ host, name, state, isSoft }) => [host, name, state, isSoft])).toEqual([
      ['own', 'memory', 'ok', false],
      ['own', 'disks', 'critical', false],
      ['own', 'load', 'critical', true],
      ['own', 'ntp', 'stale', false],
      ['web1', 'queue', 'warning', false],
      ['own', 'new', 'pending', false],
    ]);
  });

  it.each([
    ['', ['memory', 'disks', 'load', 'ntp', 'queue', 'new']],
    ['state=critical,stale', ['disks', 'load', 'ntp']],
    ['state=none', ['memory', 'disks', 'load', 'ntp', 'queue', 'new']],
    ['text=VAR+full', ['disks']],
    ['text=own+disks', ['disks']],
    ['text=web1+disks', []],
    ['host=web1', ['queue']],
    ['pack=push&state=ok', []],
  ])('are filtered by %j', (query, expected) => {
    expect(names(query)).toEqual(expected);
  });

  it('are in the order of severity, age or name', () => {
    const order = (by: 'severity' | 'since' | 'name') => sortedRows(rows, by).map(({ name }) => name);
    expect(order('severity')).toEqual(['load', 'disks', 'queue', 'ntp', 'new', 'memory']);
    expect(order('since')).toEqual(['memory', 'load', 'disks', 'ntp', 'queue', 'new']);
    expect(order('name')).toEqual(['disks', 'load', 'memory', 'new', 'ntp', 'queue']);
  });

  it('are counted by state', () => {
    const counts = stateCounts(rows);
    expect(counts).toEqual({ critical: 2, unknown: 0, warning: 1, stale: 1, pending: 1, ok: 1 });
    expect([worstOf(counts), worstOf(stateCounts([]))]).toEqual(['critical', 'pending']);
    expect(worstOf({ ...counts, critical: 0, warning: 0 })).toBe('stale');
    expect(worstOf(stateCounts([{ state: 'ok' }, { state: 'pending' }]))).toBe('ok');
  });

  it('keep their filter in the address', () => {
    const query = new URLSearchParams('state=critical,stale&text=a+b&host=web1&order=name');
    expect(queryOf(filterOf(query), orderOf(query))).toEqual({
      ...{ text: 'a b', state: 'critical,stale', host: 'web1', pack: '', order: 'name' },
    });
    expect(queryOf(filterOf(new URLSearchParams()), orderOf(new URLSearchParams('order=x')))).toEqual({
      ...{ text: '', state: '', host: '', pack: '', order: '' },
    });
    const toggled = toggledState(toggledState(filterOf(query), 'stale'), 'ok');
    expect([...toggled.states]).toEqual(['critical', 'ok']);
  });
});
