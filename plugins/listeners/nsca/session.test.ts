import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cipherOf, type Method } from './cipher.ts';
import { Session } from './session.ts';
import { encrypt, packetOf, type Sent } from './test-client.ts';

const methods: Method[] = [0, 1, 2, 3, 14];
const iv = randomBytes(128);

/** What a session makes of bytes that come in parts. */
function read(session: Session, bytes: Buffer, cuts: readonly number[] = []) {
  const packets = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    const answer = session.push(bytes.subarray(from, from + cut));
    packets.push(...answer.packets);
    if (!answer.isReadable) return { packets, isReadable: false };
    from += cut;
  }
  return { packets, isReadable: true };
}

describe.each(methods)('with method %d', (method) => {
  const open = (): Session => new Session(cipherOf(method, 'pa$$wörd', iv));

  it.each([720, 4304] as const)('reads packets of %d bytes, in whatever parts they come', (bytes) => {
    const sent: Sent[] = [
      { host: 'web1', service: 'backup', code: 2, output: 'läuft | x=1', bytes },
      { host: 'web2', code: -1, output: 'x'.repeat(bytes), time: 4_000_000_000, bytes },
      { host: 'web1', service: 'backup', bytes },
    ];
    const stream = encrypt(method, 'pa$$wörd', iv, sent.map(packetOf));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 12 }), (cuts) => {
        const { packets, isReadable } = read(open(), stream, cuts);
        expect([isReadable, packets.length]).toEqual([true, 3]);
        expect(packets[0]).toEqual({
          ...{ version: 3, time: 0, code: 2, host: 'web1', service: 'backup', output: 'läuft | x=1' },
        });
        expect(packets[1]).toMatchObject({ code: -1, service: '', time: 4_000_000_000 });
        expect(packets[1]?.output).toBe('x'.repeat(bytes - 209));
      }),
      { numRuns: 8 },
    );
  });

  it('reads nothing behind a packet that was changed, and nothing of another key', () => {
    const stream = encrypt(method, 'pa$$wörd', iv, [packetOf({ host: 'a' }), packetOf({ host: 'b' })]);
    stream[4304 + 20] = (stream[4304 + 20] as number) ^ 1;
    const { packets, isReadable } = read(open(), stream);
    expect([packets.map(({ host }) => host), isReadable]).toEqual([['a'], false]);
    if (method === 0) return;
    expect(read(open(), encrypt(method, 'other', iv, [packetOf({ host: 'a' })]))).toEqual({
      ...{ packets: [], isReadable: false },
    });
  });

  it('gives up on noise as soon as it is as long as a packet, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9000 }), (bytes) => {
        expect(read(open(), Buffer.from(bytes))).toEqual({ packets: [], isReadable: bytes.length < 4304 });
      }),
      { numRuns: 40 },
    );
  });
});

it('leaves out half a character at the end of what was cut off', () => {
  const long = packetOf({ host: 'a', output: `${'x'.repeat(510)}ü`, bytes: 720 });
  const { packets } = read(new Session(cipherOf(0, '', iv)), long);
  expect(packets[0]?.output).toBe('x'.repeat(510));
});
