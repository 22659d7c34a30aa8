import { createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { crc32 } from 'node:zlib';
import type { Method } from './cipher.ts';

/** What a test sends; what it leaves out is right. */
export interface Sent {
  host: string;
  service?: string;
  code?: number;
  output?: string;
  version?: number;
  time?: number;
  bytes?: 720 | 4304;
}

/** A packet as send_nsca makes it. What is behind the texts is no zeros there either. */
export function packetOf({
  host,
  service = '',
  code = 0,
  output = '',
  version = 3,
  time = 0,
  bytes = 4304,
}: Sent): Buffer {
  const packet = Buffer.alloc(bytes, 'x');
  packet.fill(0, 0, 8);
  packet.writeInt16BE(version, 0);
  packet.writeUInt32BE(time, 8);
  packet.writeInt16BE(code, 12);
  packet.write(`${host}\0`, 14);
  packet.write(`${service}\0`, 78);
  packet.write(`${output}\0`, 206, bytes - 208, 'utf8');
  packet[bytes - 3] = 0;
  packet.writeUInt32BE(crc32(packet), 4);
  return packet;
}

/** Encrypts the packets of one connection, in their order, as send_nsca does. */
export function encrypt(method: Method, password: string, iv: Buffer, packets: readonly Buffer[]): Buffer {
  if (method === 0) return Buffer.concat(packets);
  if (method === 1) {
    const key = Buffer.from(password);
    const byte = (buffer: Buffer, at: number): number => buffer[at % buffer.length] ?? 0;
    return Buffer.concat(
      packets.map((packet) => Buffer.from(packet.map((one, at) => one ^ byte(iv, at) ^ byte(key, at)))),
    );
  }
  const padded = (length: number): Buffer => {
    const key = Buffer.alloc(length);
    Buffer.from(password).copy(key);
    return key;
  };
  const one = padded(8);
  const [name, key, block] = {
    2: ['des-ede3-cfb8', Buffer.concat([one, one, one]), 8] as const,
    3: ['des-ede3-cfb8', padded(24), 8] as const,
    14: ['aes-256-cfb8', padded(32), 16] as const,
  }[method];
  return createCipheriv(name, key, iv.subarray(0, block)).update(Buffer.concat(packets));
}

/** A connection and what the server sent first. */
export async function connected(port: number): Promise<{ socket: Socket; iv: Buffer; time: number }> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  let greeting: Buffer = Buffer.alloc(0);
  while (greeting.length < 132)
    greeting = Buffer.concat([greeting, (await once(socket, 'data'))[0] as Buffer]);
  socket.resume();
  return { socket, iv: greeting.subarray(0, 128), time: greeting.readUInt32BE(128) };
}

/** Resolves once a connection has ended, however it did. */
export function closed(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}
