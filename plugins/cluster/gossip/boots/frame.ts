import { cookieBytes } from './boot-cookies.ts';

// Behind the seal and before the codec. A packet of messages begins with the codec's version, which is none of these.
const codes = { challenge: 0xc0, echo: 0xc1, request: 0xc2, answer: 0xc3, refusal: 0xc4 } as const;
/** Bytes of the nonce of a request. */
export const nonceBytes = 8;

/** What an exchange carries beside its packet: at most this much. */
export const frameBytes = 1 + nonceBytes + cookieBytes;

/**
 * What a link says for itself. `challenge` and `echo` go by datagram. `request`, and what comes back for it, by stream:
 * `answer` with the packet, or `refusal` with a cookie for the next try. The nonce is the asker's, so what comes back is fresh.
 */
export type Frame =
  | { kind: 'challenge' | 'echo'; cookie: Uint8Array }
  | { kind: 'request'; nonce: Uint8Array; cookie: Uint8Array; packet: Uint8Array }
  | { kind: 'answer'; nonce: Uint8Array; packet: Uint8Array }
  | { kind: 'refusal'; nonce: Uint8Array; cookie: Uint8Array };

/** The bytes of a frame. A request that has no cookie yet carries zeros. */
export function writeFrame(frame: Frame): Uint8Array {
  const code = Uint8Array.of(codes[frame.kind]);
  switch (frame.kind) {
    case 'challenge':
    case 'echo':
      return Buffer.concat([code, frame.cookie]);
    case 'request':
      return Buffer.concat([code, frame.nonce, frame.cookie, frame.packet]);
    case 'answer':
      return Buffer.concat([code, frame.nonce, frame.packet]);
    case 'refusal':
      return Buffer.concat([code, frame.nonce, frame.cookie]);
  }
}

/** Reads a frame; undefined where it is none, as for a packet of messages. */
export function readFrame(bytes: Uint8Array): Frame | undefined {
  const nonce = bytes.subarray(1, 1 + nonceBytes);
  switch (bytes[0]) {
    case codes.challenge:
    case codes.echo: {
      const kind = bytes[0] === codes.echo ? 'echo' : 'challenge';
      return bytes.length === 1 + cookieBytes ? { kind, cookie: bytes.subarray(1) } : undefined;
    }
    case codes.request: {
      if (bytes.length <= frameBytes) return undefined;
      const cookie = bytes.subarray(1 + nonceBytes, frameBytes);
      return { kind: 'request', nonce, cookie, packet: bytes.subarray(frameBytes) };
    }
    case codes.answer:
      return bytes.length > 1 + nonceBytes
        ? { kind: 'answer', nonce, packet: bytes.subarray(1 + nonceBytes) }
        : undefined;
    case codes.refusal:
      return bytes.length === frameBytes
        ? { kind: 'refusal', nonce, cookie: bytes.subarray(1 + nonceBytes) }
        : undefined;
    default:
      return undefined;
  }
}
