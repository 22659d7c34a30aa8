import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { BatchSocket } from './batch-socket.ts';
import { openBoth } from './open-both.ts';
import { TcpDoor } from './tcp-door.ts';
import { UdpDoor } from './udp-door.ts';

const address = '127.0.0.1';

/** Doors of which UDP finds the first ports that are free on TCP taken. */
function doors(taken: number, openBatch: typeof BatchSocket.open = BatchSocket.open): [UdpDoor, TcpDoor] {
  let left = taken;
  const udp = new UdpDoor(
    address,
    () => 0,
    (...where) => {
      left -= 1;
      if (left >= 0) throw Object.assign(new Error('bind EADDRINUSE'), { code: 'EADDRINUSE' });
      return openBatch(...where);
    },
  );
  const tcp = new TcpDoor(() => 0);
  onTestFinished(async () => {
    await Promise.all([udp.close(), tcp.close()]);
  });
  return [udp, tcp];
}

it.each([
  ['batches', BatchSocket.open],
  ['without batches', () => undefined],
])('takes another port where the first is not free for both, %s', async (_, openBatch) => {
  const [udp, tcp] = doors(2, openBatch);
  const port = await openBoth(udp, tcp, address, 0);
  expect(port).toBeGreaterThan(0);
  await expect(new TcpDoor(() => 0).open(address, port)).rejects.toThrow('EADDRINUSE');
  const other = createSocket('udp4');
  onTestFinished(() => void other.close());
  other.bind({ address, port, exclusive: true });
  await expect(once(other, 'listening')).rejects.toThrow('EADDRINUSE');
});

it('says so where a port that was asked for is taken on UDP', async () => {
  const holder = createSocket('udp4');
  onTestFinished(() => void holder.close());
  holder.bind({ address, exclusive: true });
  await once(holder, 'listening');
  const [udp, tcp] = doors(0);
  const { port } = holder.address() as AddressInfo;
  await expect(openBoth(udp, tcp, address, port)).rejects.toThrow('EADDRINUSE');
});
