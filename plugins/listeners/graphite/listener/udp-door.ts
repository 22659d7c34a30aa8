import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { LineParser } from './line-parser.ts';
import type { Intake } from './tcp-door.ts';

const newline = 10;
const receiveBytes = 4 * 2 ** 20;

/** Datagrams of lines. What comes while memory fills is taken as far as there is room: nobody could wait. */
export class UdpDoor {
  readonly #parser: LineParser;
  readonly #intake: Intake;
  readonly #scratch = Buffer.allocUnsafe(65_536 + 1);
  #socket: Socket | undefined;

  constructor(parser: LineParser, intake: Intake) {
    this.#parser = parser;
    this.#intake = intake;
  }

  /** Listens; resolves with the port. Rejects with what the system says. */
  async open(address: string, port: number): Promise<number> {
    const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4' });
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, address, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    socket.on('error', () => undefined);
    socket.setRecvBufferSize(receiveBytes);
    socket.on('message', (bytes, { address: source }) => this.#read(bytes, source));
    return socket.address().port;
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(resolve));
  }

  /** The last line of a datagram needs no end. */
  #read(bytes: Buffer, source: string): void {
    if (bytes.length === 0) return;
    if (bytes[bytes.length - 1] === newline) this.#parser.read(bytes, 0, bytes.length, source);
    else {
      bytes.copy(this.#scratch);
      this.#scratch[bytes.length] = newline;
      this.#parser.read(this.#scratch, 0, bytes.length + 1, source);
    }
    this.#intake.settle();
  }
}
