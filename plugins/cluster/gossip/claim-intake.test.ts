import { expect, it } from 'vitest';
import { ClaimIntake } from './claim-intake.ts';
import { encodeRecord } from './codec.ts';
import { ClusterEvents } from './events/cluster-events.ts';
import { unsignedIdentity } from './identity.ts';
import type { AliveClaim, Message } from './messages.ts';
import { Pool } from './pool.ts';
import { lanSettings } from './settings.ts';
import { VirtualTime } from './simulation/virtual-time.ts';
import { bytesWire } from './wire.ts';
import { ZoneDesk } from './zones/zone-desk.ts';

const own = (uuid: string) => ({ uuid, name: uuid, addresses: [uuid], port: 1, zone: 'lan', groups: [] });
const signature = new Uint8Array();

function word(uuid: string, incarnation: number): AliveClaim {
  const record = { ...own(uuid), incarnation, key: new Uint8Array() };
  return { kind: 'alive', body: encodeRecord(record), signature, record };
}

const about = (kind: 'suspect' | 'dead', uuid: string, incarnation: number): Message => ({
  ...{ kind, uuid, incarnation, by: 'b', evidence: 'no-ack' },
});
const leave = (uuid: string, incarnation: number): Message => ({
  ...{ kind: 'leave', uuid, incarnation, by: uuid, signature },
});
const event = (id: string): Message => ({
  ...{ kind: 'event', id, name: 'deploy', from: 'b', ageMs: 0, payload: '1' },
});

const time = new VirtualTime();
const pool = new Pool({
  ...{ self: own('me'), incarnation: 5, settings: lanSettings, timers: time, wire: bytesWire },
  ...{ identity: unsignedIdentity, onEvent: () => undefined, onRefute: () => undefined },
});
const events = new ClusterEvents({ self: 'me', now: () => time.now(), newId: () => 'own' });
const intake = new ClaimIntake({ pool, desk: new ZoneDesk(undefined, 'me', false), events });
intake.take(word('a', 3), undefined);
intake.take(event('seen'), undefined);

it.each<[string, Message, boolean]>([
  ['who is not known', word('b', 1), true],
  ['what is known', word('a', 3), false],
  ['a later word', word('a', 4), true],
  ['an earlier word', word('a', 2), false],
  ['a suspicion', about('suspect', 'a', 3), true],
  ['a death under an incarnation that is over', about('dead', 'a', 2), false],
  ['an accusation of this node', about('suspect', 'me', 5), true],
  ['a leave', leave('a', 3), true],
  ['an old leave', leave('a', 2), false],
  ['an event', event('new'), true],
  ['an event that is known', event('seen'), false],
  ['a probe', { kind: 'ping', sequence: 1, target: 'me', from: 'a' }, false],
])('knows whether %s is news', (_title, message, isNews) => {
  expect(intake.isNews(message)).toBe(isNews);
});
