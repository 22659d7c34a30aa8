import { describe, expect, it } from 'vitest';
import { PendingLooks, pendingLooksBytes } from '../../../threads/context/pending-looks.ts';

const never = (): Promise<never> => new Promise(() => undefined);
const done = (): Promise<string> => Promise.resolve('seen');

function open(): {
  first: PendingLooks;
  second: PendingLooks;
  table: SharedArrayBuffer;
  pass(seconds: number): void;
} {
  let now = 100;
  const table = new SharedArrayBuffer(pendingLooksBytes);
  const seconds = (): number => now;
  return {
    table,
    first: new PendingLooks(table, 1, seconds),
    second: new PendingLooks(table, 2, seconds),
    pass: (more) => {
      now += more;
    },
  };
}

describe('PendingLooks', () => {
  it('lets threads look at the same path at the same time', async () => {
    const { first, second } = open();
    void first.look('/mnt/slow', never);
    expect(await second.look('/mnt/slow', done)).toBe('seen');
  });

  it('refuses a path, in every thread, while a look at it hangs', async () => {
    const { first, second, pass } = open();
    void first.look('/mnt/gone', never);
    pass(3);
    await expect(first.look('/mnt/gone', done)).rejects.toMatchObject({ code: 'OPSBRO_HOST_IO' });
    await expect(second.look('/mnt/gone', done)).rejects.toThrow('/mnt/gone');
    expect(await second.look('/mnt/here', done)).toBe('seen');
  });

  it('forgets a look that ends, however it ends', async () => {
    const { first, pass } = open();
    await first.look('/a', done);
    await first.look('/b', () => Promise.reject(new Error('no'))).catch(() => undefined);
    pass(60);
    expect([await first.look('/a', done), await first.look('/b', done)]).toEqual(['seen', 'seen']);
  });

  it('forgets what a thread looked at that no longer exists', async () => {
    const { first, second, table, pass } = open();
    void first.look('/mnt/one', never);
    void second.look('/mnt/two', never);
    pass(60);
    PendingLooks.forget(table, 1);
    expect(await second.look('/mnt/one', done)).toBe('seen');
    await expect(first.look('/mnt/two', done)).rejects.toMatchObject({ code: 'OPSBRO_HOST_IO' });
  });

  it('goes on without tracking when more paths hang than it can hold', async () => {
    const { first, pass } = open();
    for (let path = 0; path < 300; path += 1) void first.look(`/mnt/${path}`, never);
    pass(60);
    expect(await first.look('/mnt/299', done)).toBe('seen');
    await expect(first.look('/mnt/0', done)).rejects.toMatchObject({ code: 'OPSBRO_HOST_IO' });
  });
});
