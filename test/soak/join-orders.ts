import { Joins, ordersOf } from '../scenarios/cluster/joins.ts';
import { Lan } from '../scenarios/cluster/namespaces.ts';
import { pick, randomFrom, type Soak } from './result.ts';

const hosts = [0, 1, 2, 3, 4];

/**
 * Two, three and five agents become members in every order, five of them each by any that is there already (a tenth: five of them in twelve
 * orders only). After each order all see just these alive.
 */
export const soak: Soak = async ({ share, seed, say }) => {
  const random = randomFrom(seed);
  const five = share < 1 ? Array.from({ length: 12 }, () => pick(ordersOf(hosts), random)) : ordersOf(hosts);
  const orders = [...ordersOf([3, 4]), ...ordersOf([0, 1, 2]), ...five];
  const joins = new Joins(new Lan(hosts.length));
  const found: string[] = [];
  try {
    await joins.start();
    say('five agents in network namespaces on one bridge');
    for (const [index, order] of orders.entries()) {
      const seedOf = (place: number): number | undefined =>
        place === 0 ? undefined : order[Math.floor(random() * place)];
      found.push(...(await joins.round(order, seedOf)));
      if (index % 10 === 9) say(`  ${index + 1} orders of ${orders.length}`);
    }
  } finally {
    await joins.dispose();
  }
  const figures = { orders: orders.length, ofFive: five.length };
  return { soak: 'join-orders', rounds: orders.length, seed, pass: found.length === 0, found, figures };
};
