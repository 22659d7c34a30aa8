import { expect, it } from 'vitest';
import { Ledger } from './ledger.ts';
import { outdated, type Roster } from './rosters.ts';

it('looks at each other roster once where one of many begins a round', () => {
  const ledger = new Ledger();
  const writes = { put: [], del: [] };
  const server = ledger.register('web1', '', '', writes);
  let looks = 0;
  for (let id = 1; id <= 500; id += 1) {
    const services = [ledger.serviceOf(server, `cron${id}`, writes)];
    const counts = { count: 101, kept: 101, last: 10_000 + id, lap: 10_000, lapBefore: 5000 };
    server.rosters.push({
      ...{ id, server, ...counts },
      get services() {
        looks += 1;
        return services;
      },
    });
  }
  expect(outdated(server.rosters[0] as Roster)).toEqual([]);
  expect(looks).toBeLessThan(2 * 500);
});
