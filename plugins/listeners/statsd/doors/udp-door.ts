import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

/** Takes one packet, whose bytes are its own only during the call. */
export type TakePacket = (bytes: Uint8Array) => void;

/** A UDP port that takes datagrams in. */
export class UdpDoor {
  readonly #socket: Socket;

  /** `receiveBytes` is asked of the system as room for what waits. */
  constructor(address: string, receiveBytes: number, take: TakePacket) {
    const type = isIPv6(address) ? 'udp6' : 'udp4';
    this.#socket = createSocket({ type, recvBufferSize: receiveBytes });
    this.#socket.on('message', take);
  }

  /** Resolves with the port, and the room for what waits that the system granted, as it counts: up to twice what was asked for. */
  async open(address: string, port: number): Promise<{ port: number; grantedBytes: number }> {
    const listening = once(this.#socket, 'listening');
    this.#socket.bind({ address, port, exclusive: true });
    await listening;
    this.#socket.on('error', () => undefined);
    return { port: this.#socket.address().port, grantedBytes: this.#socket.getRecvBufferSize() };
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    try {
      this.#socket.close();
    } catch {
      return;
    }
    await closed;
  }
}
