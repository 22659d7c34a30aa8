import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { decodePacket, encodeMessage, encodeRecord, joinMessages } from '../codec.ts';
import { keyringOf } from '../keyring.ts';
import type { AliveClaim, DetectionMessage, NodeRecord } from '../messages.ts';
import { zoneKey } from '../seal.ts';
import { SealedLink } from '../sealed-link.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { systemTimers } from '../transport.ts';
import { broadcastAddresses } from './broadcast-addresses.ts';
import { type BroadcastEars, openBroadcastEars } from './broadcast-ear.ts';
import { bestToJoin, Detection, type DetectionParts, joinEndpoint } from './detection.ts';

const word = (name: string, changes: Partial<NodeRecord> = {}): AliveClaim => {
  const record: NodeRecord = {
    uuid: `uuid-${name}`,
    name,
    addresses: ['10.9.9.9'],
    port: 6768,
    zone: 'lan',
    groups: ['linux'],
    incarnation: 1,
    key: new Uint8Array(),
    ...changes,
  };
  return { kind: 'alive', body: encodeRecord(record), signature: new Uint8Array(), record };
};

/** Nodes `a`, `b`, `c` … on one virtual network, which loses the first `lost` datagrams. */
function network(claims: AliveClaim[], lost = 0, changes: Partial<DetectionParts> = {}) {
  const time = new VirtualTime();
  const nodes = new Map<string, Detection>();
  const sent: DetectionMessage[] = [];
  claims.forEach((claim, index) => {
    const at = `10.0.0.${index + 1}:6768`;
    let tokens = 0;
    const detection = new Detection({
      uuid: claim.record.uuid,
      zone: () => claim.record.zone,
      timers: time,
      newToken: () => {
        tokens += 1;
        return `${at}-${tokens}`;
      },
      own: () => claim,
      isSigned: ({ record }) => record.name !== 'forged',
      mayTell: (zone) => zone === claim.record.zone,
      broadcasts: () => ['10.0.0.255:6768'],
      send: (to, message) => {
        sent.push(message);
        if (sent.length <= lost) return;
        const hear = ([, other]: [string, Detection]): unknown =>
          time.after(1, () => other.hear(at, message));
        if (to.startsWith('10.0.0.255')) [...nodes].map(hear);
        else [...nodes].filter(([name]) => name === to).map(hear);
      },
      ...changes,
    });
    nodes.set(at, detection);
  });
  const first = nodes.get('10.0.0.1:6768') as Detection;
  const look = async (timeoutMs = 3000) => {
    const found = first.look(timeoutMs);
    time.pass(timeoutMs);
    return found;
  };
  return { time, first, nodes, sent, look };
}

describe('detection', () => {
  it('finds the nodes of its zone, each once, where they answered from', async () => {
    const { look } = network([
      word('a'),
      word('b', { display_name: 'Web B' }),
      word('c', { zone: 'dmz' }),
      word('d', { proxy: true }),
    ]);
    expect(await look()).toEqual([
      {
        uuid: 'uuid-b',
        display_name: 'Web B',
        name: 'b',
        address: '10.0.0.2',
        port: 6768,
        zone: 'lan',
        groups: ['linux'],
        proxy: false,
      },
      expect.objectContaining({ name: 'd', address: '10.0.0.4', proxy: true }),
    ]);
  });

  it('asks again where datagrams are lost', async () => {
    const { look, sent } = network([word('a'), word('b')], 2);
    expect(await look()).toMatchObject([{ name: 'b' }]);
    expect(sent.filter(({ kind }) => kind === 'detect')).toHaveLength(3);
  });

  it('takes no answer with a wrong signature, to another question, or too late', async () => {
    const { look, first } = network([word('a'), word('forged')]);
    expect(await look()).toEqual([]);
    first.hear('10.0.0.9:6768', { kind: 'detected', token: '10.0.0.1:6768-1', alive: word('z') });
    expect(await look()).toEqual([]);
  });

  it('bounds who is found, what is answered and how many ask', async () => {
    const { first, nodes, sent, time } = network([word('a'), word('b')]);
    const found = first.look(3000);
    for (let index = 0; index < 400; index += 1)
      first.hear('10.0.0.9:6768', { kind: 'detected', token: '10.0.0.1:6768-1', alive: word(`z${index}`) });
    for (let index = 0; index < 3; index += 1) first.look(3000);
    expect(() => first.look(3000)).toThrow(/4 detections run already/);
    time.pass(3000);
    expect(await found).toHaveLength(256);
    time.pass(1000);
    sent.length = 0;
    for (let index = 0; index < 400; index += 1)
      nodes.get('10.0.0.2:6768')?.hear('10.0.0.9:1', { kind: 'detect', token: 't', from: 'x', zone: 'lan' });
    expect(sent).toHaveLength(50);
  });

  it('joins a proxy of its zone first, else the first there, else one of another zone', () => {
    const place = { address: '::1', port: 1, zone: 'lan', groups: [] };
    const one = { uuid: 'b', name: 'b', display_name: '', ...place, proxy: false };
    const far = { ...one, uuid: 'f', zone: 'dmz', proxy: true };
    expect(bestToJoin([], 'lan')).toBeUndefined();
    expect(bestToJoin([one, { ...one, uuid: 'c' }], 'lan')?.uuid).toBe('b');
    expect(bestToJoin([far, one, { ...one, uuid: 'c', proxy: true }], 'lan')?.uuid).toBe('c');
    expect(bestToJoin([one, far], 'other')?.uuid).toBe('f');
    expect([joinEndpoint(one), joinEndpoint({ address: '127.0.0.2', port: 2 })]).toEqual([
      '[::1]:1',
      '127.0.0.2:2',
    ]);
  });
});

describe('detection on loopback', () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  /** A node on an address of loopback, with its ear for broadcasts. */
  async function node(address: string, port: number, secret: string, name: string): Promise<Detection> {
    const socket: Socket = createSocket('udp4').bind({ address, port });
    await once(socket, 'listening');
    socket.setBroadcast(true);
    const at = (endpoint: string): [number, string] => {
      const [host = '', to = ''] = endpoint.split(':');
      return [Number(to), host];
    };
    const ring = keyringOf(zoneKey(Buffer.from(secret.padEnd(16, '.'))));
    const boot = Buffer.from(name.padEnd(8, '.')).toString('hex');
    const link = new SealedLink(
      { send: (endpoint, packet) => socket.send(packet, ...at(endpoint)), exchange: () => {} },
      ring,
      name,
      boot,
    );
    let tokens = 0;
    const detection: Detection = new Detection({
      uuid: `uuid-${name}`,
      zone: () => 'lan',
      timers: systemTimers,
      newToken: () => {
        tokens += 1;
        return `${name}-${tokens}`;
      },
      own: () => word(name),
      isSigned: () => true,
      mayTell: () => true,
      broadcasts: () => broadcastAddresses(address, networkInterfaces()).map((one) => `${one}:${port}`),
      send: (endpoint, message) => link.send(endpoint, joinMessages([encodeMessage(message)])),
    });
    const { receive } = link.guard({
      receive: (from, packet) => {
        for (const message of decodePacket(packet).messages)
          if (message.kind === 'detect' || message.kind === 'detected') detection.hear(from, message);
        return false;
      },
      answer: (_packet, reply) => reply(undefined),
    });
    socket.on('message', (packet, from) => receive(`${from.address}:${from.port}`, packet));
    const ears: BroadcastEars = await openBroadcastEars(
      broadcastAddresses(address, networkInterfaces()),
      port,
      receive,
      (where, error) => {
        throw new Error(`${where}: ${error.message}`);
      },
    );
    expect(ears.addresses).toEqual(['127.255.255.255']);
    closing.push(
      () => ears.close(),
      () => new Promise<void>((resolve) => socket.close(() => resolve())),
    );
    return detection;
  }

  it('finds who holds the same key, by broadcast', async () => {
    const probe = createSocket('udp4').bind({ address: '127.0.0.1', port: 0 });
    await once(probe, 'listening');
    const { port } = probe.address();
    await new Promise<void>((resolve) => probe.close(() => resolve()));
    const first = await node('127.0.0.1', port, 'secret', 'a');
    await node('127.0.0.2', port, 'secret', 'b');
    await node('127.0.0.3', port, 'other', 'c');
    expect(await first.look(500)).toEqual([
      expect.objectContaining({ name: 'b', address: '127.0.0.2', port: 6768 }),
    ]);
  });
});
