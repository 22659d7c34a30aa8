import { crc32 } from 'node:zlib';

/**
 * Bytes of a packet: those of nsca before 2.9 carry 512 bytes of output, later ones 4,096. A C struct: two bytes of version, two of padding, CRC,
 * time, code, then texts that end with a zero byte, and padding.
 */
export const packetBytes = { short: 720, long: 4304 } as const;

const at = { version: 0, crc: 4, time: 8, code: 12, host: 14, service: 78, output: 206 } as const;
const paddingBytes = 2;

/** A result as it was sent. */
export interface Packet {
  version: number;
  /** Seconds since the epoch, which the server had told. */
  time: number;
  code: number;
  host: string;
  /** '' for the host itself. */
  service: string;
  output: string;
}

/** Reads a decrypted packet; undefined when its CRC is not that of its bytes: it is none, or the key is another. */
export function readPacket(plain: Buffer): Packet | undefined {
  const told = plain.readUInt32BE(at.crc);
  const counted = crc32(plain.subarray(at.time), crc32(Buffer.alloc(4), crc32(plain.subarray(0, at.crc))));
  if (told !== counted) return undefined;
  return {
    version: plain.readInt16BE(at.version),
    time: plain.readUInt32BE(at.time),
    code: plain.readInt16BE(at.code),
    host: textIn(plain, at.host, at.service),
    service: textIn(plain, at.service, at.output),
    output: textIn(plain, at.output, plain.length - paddingBytes),
  };
}

/** Up to the zero byte, as UTF-8; a character that was cut off at the end is left out. */
function textIn(bytes: Buffer, from: number, to: number): string {
  const end = bytes.subarray(from, to).indexOf(0);
  const text = bytes.toString('utf8', from, end === -1 ? to : from + end);
  return text.replace(/\u{fffd}$/u, '');
}
