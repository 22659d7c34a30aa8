import { describe, expect, it } from 'vitest';
import { Bench, failed, refused } from './outbox-bench.ts';

/** One that is dead, one that waits for its time behind another, and one on its way to a second handler. */
async function three(): Promise<Bench> {
  const bench = new Bench();
  bench.add('slack', 'load', 'dead');
  await bench.end(refused);
  bench.add('slack', 'load', 'waits');
  await bench.end(failed);
  bench.add('mail', 'load', 'out');
  return bench;
}

const seen = ({ outbox, store }: Bench): unknown => [
  outbox.list().map(({ state, event, attempts }) => `${event.key} ${state} ${attempts}`),
  [...store.keys()].sort(),
];

describe('Outbox in the hands of an operator', () => {
  it('changes nothing where the disk does not take it', async () => {
    const bench = await three();
    const before = seen(bench);
    bench.refuses = 'disk full';
    for (const command of [
      () => bench.outbox.retry([1]),
      () => bench.outbox.retry(null),
      () => bench.outbox.drop([1]),
      () => bench.outbox.drop([1, 2]),
      () => bench.outbox.drop(null),
    ])
      await expect(command()).rejects.toMatchObject({
        code: 'OPSBRO_AGENT_STORE',
        message: 'nothing is changed, do it again later: disk full',
      });
    expect(seen(bench)).toEqual(before);
    bench.clock.advance(5000);
    expect(bench.keys.at(-1)).toBe('waits');
  });

  it('tries what waits at once, whatever the disk does: there is nothing to write', async () => {
    const bench = await three();
    bench.refuses = 'disk full';
    expect(await bench.outbox.retry([2])).toBe(1);
    expect(bench.keys.at(-1)).toBe('waits');
  });

  it('sends nothing that is being dropped, and what follows it at once then', async () => {
    const bench = await three();
    bench.add('slack', 'load', 'behind');
    let write = (): void => undefined;
    bench.written = new Promise<void>((resolve) => {
      write = resolve;
    });
    const dropped = bench.outbox.drop([2]);
    bench.clock.advance(3_600_000);
    await bench.settle();
    expect(bench.keys).toEqual(['dead', 'waits', 'out']);
    write();
    expect(await dropped).toBe(1);
    expect(bench.keys).toEqual(['dead', 'waits', 'out', 'behind']);
  });

  it('does one thing after another', async () => {
    const bench = await three();
    const [dropped, retried] = [bench.outbox.drop([1]), bench.outbox.retry([1])];
    expect(await dropped).toBe(1);
    await expect(retried).rejects.toMatchObject({ code: 'OPSBRO_API_NOT_FOUND' });
    expect(bench.outbox.sizes()).toMatchObject({ waiting: 2, dead: 0 });
  });

  it('refuses to drop what is on its way, and all beside it', async () => {
    const bench = await three();
    await expect(bench.outbox.drop([1, 3])).rejects.toMatchObject({
      code: 'OPSBRO_API_INVALID',
      message: 'nothing is changed: notification 3 is on its way at this moment',
    });
    expect(bench.outbox.sizes()).toMatchObject({ waiting: 2, dead: 1 });
  });
});
