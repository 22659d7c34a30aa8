import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';

/** A documentation address (RFC 5737): connecting a datagram socket to it only asks the kernel for a route and sends nothing. */
const elsewhere = '192.0.2.1';

/** The address other hosts most likely reach this one by: that of the default route, else of the first interface, else loopback. */
export async function localAddress(): Promise<string> {
  const socket = createSocket('udp4');
  try {
    const connected = once(socket, 'connect');
    socket.connect(9, elsewhere);
    await connected;
    return socket.address().address;
  } catch {
    const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    return all.find((one) => !one.internal && one.family === 'IPv4')?.address ?? '127.0.0.1';
  } finally {
    socket.close();
  }
}
