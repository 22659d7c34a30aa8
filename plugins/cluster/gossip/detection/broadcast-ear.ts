import { createSocket, type Socket } from 'node:dgram';

/** Hears what is sent to broadcast addresses, until `close`. */
export interface BroadcastEars {
  /** Addresses that could be listened on. */
  readonly addresses: string[];
  close(): Promise<void>;
}

/**
 * Listens on broadcast addresses. For nodes whose own socket is bound to one address: such a socket hears no broadcast; one on the wildcard
 * does. Several agents of one host hear the same. What cannot be bound is told to `failed` and left out. Call `close` when done.
 */
export async function openBroadcastEars(
  addresses: readonly string[],
  port: number,
  hear: (from: string, packet: Uint8Array) => void,
  failed: (address: string, error: Error) => void,
): Promise<BroadcastEars> {
  const open = new Map<string, Socket>();
  await Promise.all(
    addresses.map(
      (address) =>
        new Promise<void>((resolve) => {
          const socket = createSocket({ type: 'udp4', reuseAddr: true });
          socket.on('message', (packet, from) => hear(`${from.address}:${from.port}`, packet));
          socket.once('listening', () => {
            open.set(address, socket);
            resolve();
          });
          socket.on('error', (error) => {
            open.delete(address);
            socket.removeAllListeners('message').close();
            failed(address, error);
            resolve();
          });
          socket.bind({ address, port });
        }),
    ),
  );
  return {
    get addresses() {
      return [...open.keys()].sort();
    },
    async close() {
      const sockets = [...open.values()];
      open.clear();
      await Promise.all(
        sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
      );
    },
  };
}
