import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { datagramBytes, decodePacket, encodeMessage, joinMessages } from './codec.ts';
import { type Opened, Opener, Sealer, sealBytes, senderId, zoneKey } from './seal.ts';

const key = zoneKey(new Uint8Array(32).fill(1));
const other = zoneKey(new Uint8Array(16).fill(2));
const packet = joinMessages([encodeMessage({ kind: 'ack', sequence: 1, from: 'a' })]);
const boot = '0011223344556677';
const open = (opener: Opener, sealed: Uint8Array): Opened => opener.open(sealed, datagramBytes);

describe('a seal', () => {
  it('opens for who has the key, and tells the sender', () => {
    const opened = open(new Opener([other, key]), new Sealer(key, 'a', boot, 41).seal(packet));
    expect(opened).toEqual({
      sender: senderId('a'),
      boot,
      key: key.id,
      isProven: false,
      sequence: 41,
      packet: Buffer.from(packet),
    });
  });

  it('adds 43 bytes, and hides what is in it', () => {
    const sealed = new Sealer(key, 'a', boot).seal(packet);
    expect([sealBytes, sealed.length]).toEqual([43, packet.length + 43]);
    expect(Buffer.from(sealed).includes(Buffer.from(packet))).toBe(false);
  });

  it('never uses a nonce twice', () => {
    const sealer = new Sealer(key, 'a', boot);
    const first = sealer.seal(packet);
    expect(Buffer.from(sealer.seal(packet)).subarray(27)).not.toEqual(Buffer.from(first).subarray(27));
    expect(() => new Sealer(key, 'a', boot, 2 ** 48).seal(packet)).toThrow(RangeError);
  });

  it('gives each sender and boot keys of its own', () => {
    const tails = [
      new Sealer(key, 'a', boot),
      new Sealer(key, 'b', boot),
      new Sealer(key, 'a', '00'.repeat(8)),
    ].map((sealer) => Buffer.from(sealer.seal(packet)).subarray(27).toString('hex'));
    expect(new Set(tails).size).toBe(3);
  });

  it('follows a change of keys', () => {
    const sealer = new Sealer(key, 'a', boot);
    const opener = new Opener([key, other]);
    expect(open(opener, sealer.seal(packet)).refused).toBeUndefined();
    sealer.use(other);
    expect(open(opener, sealer.seal(packet)).refused).toBeUndefined();
    opener.useKeys([key]);
    expect(open(opener, sealer.seal(packet)).refused).toBe('unknown-key');
  });

  it('refuses keys of other lengths', () => {
    expect(() => zoneKey(new Uint8Array(24))).toThrow(RangeError);
  });
});

describe('a packet', () => {
  it('is refused when it is clear, short, long or under a foreign key', () => {
    const opener = new Opener([key]);
    const refusals = [
      Buffer.concat([packet, Buffer.alloc(60)]),
      packet,
      new Sealer(key, 'a', boot).seal(new Uint8Array(datagramBytes)),
      new Sealer(other, 'a', boot).seal(packet),
    ].map((bytes) => open(opener, bytes).refused);
    expect(refusals).toEqual(['clear', 'size', 'size', 'unknown-key']);
  });

  it('is refused when any bit of it is changed, the header included, and makes nobody known', () => {
    const sealed = new Sealer(key, 'a', boot).seal(packet);
    const opener = new Opener([key]);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = new Uint8Array(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit % 8));
      expect(open(opener, changed).refused).toBeDefined();
    }
    expect(opener.size).toBe(0);
  });

  it('is let in once', () => {
    const opener = new Opener([key]);
    const sealed = new Sealer(key, 'a', boot).seal(packet);
    expect([open(opener, sealed).refused, open(opener, sealed).refused]).toEqual([undefined, 'replayed']);
  });

  it('may be overtaken by 1,023 others', () => {
    const opener = new Opener([key]);
    const sealer = new Sealer(key, 'a', boot);
    const sealed = Array.from({ length: 1025 }, () => sealer.seal(packet));
    open(opener, sealed[1024] as Uint8Array);
    expect(open(opener, sealed[1] as Uint8Array).refused).toBeUndefined();
    expect(open(opener, sealed[0] as Uint8Array).refused).toBe('replayed');
  });

  it('is no proven word of its boot again after its key went and came back', () => {
    const opener = new Opener([key, other]);
    const sealer = new Sealer(key, 'a', boot);
    const recorded = sealer.seal(packet);
    open(opener, recorded);
    sealer.use(other);
    open(opener, sealer.seal(packet));
    for (const { id } of [key, other]) opener.prove(id, senderId('a'), boot);
    opener.useKeys([other]);
    opener.useKeys([other, key]);
    expect(open(opener, sealer.seal(packet))).toMatchObject({ isProven: true });
    expect(open(opener, recorded)).toMatchObject({ isProven: false });
  });

  it('of a made-up sender costs a subkey 500 times a second, while those who are known are heard, and all by stream', () => {
    const time = { ms: 0 };
    const opener = new Opener([key], 100, () => time.ms);
    const known = new Sealer(key, 'a', boot);
    open(opener, known.seal(packet));
    const refusals = (count: number): { [reason: string]: number } => {
      const counts: { [reason: string]: number } = {};
      for (let index = 0; index < count; index += 1) {
        const sealed = Buffer.from(new Sealer(key, 'b', boot).seal(packet));
        sealed.writeUInt32BE(time.ms + index, 5);
        const { refused = 'none' } = open(opener, sealed);
        counts[refused] = (counts[refused] ?? 0) + 1;
      }
      return counts;
    };
    expect(refusals(3000)).toEqual({ forged: 500, flood: 2500 });
    const joining = new Sealer(key, 'c', boot);
    expect(open(opener, joining.seal(packet)).refused).toBe('flood');
    expect(open(opener, known.seal(packet)).refused).toBeUndefined();
    expect(opener.open(joining.seal(packet), datagramBytes, 'stream').refused).toBeUndefined();
    expect(open(opener, joining.seal(packet)).refused).toBeUndefined();
    time.ms = 100;
    expect(open(opener, new Sealer(key, 'd', boot).seal(packet)).refused).toBeUndefined();
    expect(refusals(3000)).toEqual({ forged: 50, flood: 2950 });
  });

  it('of senders that are there is opened at any rate', () => {
    const opener = new Opener([key], 5000, () => 0);
    for (let index = 0; index < 2000; index += 1)
      expect(open(opener, new Sealer(key, `n${index}`, boot).seal(packet)).refused).toBeUndefined();
  });

  it('of many senders fills a table of bounded size', () => {
    const opener = new Opener([key], 3);
    for (const name of ['a', 'b', 'c', 'd', 'e']) open(opener, new Sealer(key, name, boot).seal(packet));
    expect(opener.size).toBe(3);
  });
});

describe('any bytes', () => {
  it('in front of the seal are refused without a throw', () => {
    const opener = new Opener([key]);
    const head = Buffer.from(new Sealer(key, 'a', boot).seal(packet)).subarray(0, 5);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isNear) => {
        expect(open(opener, isNear ? Buffer.concat([head, bytes]) : bytes).refused).toBeDefined();
      }),
      { numRuns: 1000 },
    );
    expect(opener.size).toBe(0);
  });

  it('behind the seal are opened, and read without a throw', () => {
    const opener = new Opener([key]);
    const sealer = new Sealer(key, 'a', boot);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1100 }), (bytes) => {
        const opened = open(opener, sealer.seal(bytes));
        if (opened.refused !== undefined) throw new Error(opened.refused);
        decodePacket(opened.packet);
      }),
      { numRuns: 1000 },
    );
    expect(opener.size).toBe(1);
  });
});
