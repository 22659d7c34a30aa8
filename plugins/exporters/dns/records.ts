import dns from 'dns2';

const { Packet } = dns;
type Resource = Parameters<typeof Packet.Resource.encode>[0];

/** Types of records that are asked for or answered here. */
export const types = {
  a: Packet.TYPE.A,
  soa: Packet.TYPE.SOA,
  ptr: Packet.TYPE.PTR,
  hinfo: Packet.TYPE.HINFO,
  txt: Packet.TYPE.TXT,
  aaaa: Packet.TYPE.AAAA,
  srv: Packet.TYPE.SRV,
  any: Packet.TYPE.ANY,
} as const;

/** Classes of questions: the internet's, and any. */
export const classes = { in: Packet.CLASS.IN, any: Packet.CLASS.ANY } as const;

/** The name at the question's place, as records of an answer point to it. */
const questionPointer = Buffer.from([0xc0, 12]);

/** What a record says, beside its owner. Addresses are canonical: nothing here looks at them again. */
export type RecordData =
  | { type: typeof types.a | typeof types.aaaa; address: string }
  | { type: typeof types.ptr; domain: string }
  | { type: typeof types.srv; priority: number; weight: number; port: number; target: string }
  | { type: typeof types.txt; data: Buffer[] }
  | {
      type: typeof types.soa;
      primary: string;
      admin: string;
      serial: number;
      refresh: number;
      retry: number;
      expiration: number;
      minimum: number;
    }
  | { type: typeof types.hinfo; data: Buffer };

/**
 * A record as it stands in an answer. Its owner is the question's name, where no other is given; names in it are written out, so the
 * bytes mean the same wherever they stand.
 */
export function encodeRecord(ttlSeconds: number, data: RecordData, owner = ''): Buffer {
  const resource = { ...data, name: owner, class: classes.in, ttl: ttlSeconds } as unknown as Resource;
  const bytes = Packet.Resource.encode(resource, new Packet.Writer());
  return owner === '' ? Buffer.concat([questionPointer, bytes.subarray(1)]) : bytes;
}
