import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pick, randomFrom } from '../../soak/result.ts';
import { Joins, ordersOf } from './joins.ts';
import { type Lan, tryLan } from './namespaces.ts';

const hosts = [0, 1, 2, 3, 4];
const lan = tryLan(hosts.length);

describe.skipIf(typeof lan === 'string')('members join', () => {
  const joins = new Joins(lan as Lan);

  beforeAll(() => joins.start());

  afterAll(() => joins.dispose());

  it.each([...ordersOf([3, 4]), ...ordersOf([0, 1, 2])].map((order) => [order]))(
    'in the order %j, with one seed',
    async (order) => {
      expect(await joins.round(order, () => Math.min(...order))).toEqual([]);
    },
  );

  it.each([1, 2])('in a random order, five of them by any that is there already (seed %i)', async (seed) => {
    const random = randomFrom(seed);
    const order = pick(ordersOf(hosts), random);
    const found = await joins.round(order, (place) =>
      place === 0 ? undefined : order[Math.floor(random() * place)],
    );
    expect(found).toEqual([]);
  });
});
