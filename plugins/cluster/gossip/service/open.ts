import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { uptime } from 'node:os';
import type { ExportedFacts, ServiceContext } from 'opsbro/sdk';
import { ed25519Identity, generateIdentity, type Identity } from '../identity.ts';
import { systemTimers } from '../transport.ts';
import { KeyBook } from './key-book.ts';
import { Membership } from './membership.ts';
import type { Moment } from './moment.ts';
import type { Options } from './options.ts';
import { type Household, Residence, type Settling } from './residence.ts';
import { answerer, memberRoutes } from './routes.ts';
import { SavedTable } from './saved-table.ts';
import { sideRoutes } from './side-routes.ts';
import { ZoneKeys } from './zone-keys.ts';
import { zonesBelow } from './zone-place.ts';
import { zoneRoutes } from './zone-routes.ts';

/** Makes this agent a member, with everything real, and answers its routes. */
export async function openResidence(ctx: ServiceContext<Options>): Promise<Residence> {
  const facts = await firstFacts(ctx);
  const residence = await Residence.open(ctx, facts, (settling) => settle(ctx, settling));
  ctx.subscribe('facts', (next) => residence.useFacts(next as unknown as ExportedFacts));
  ctx.subscribe('wanted', (topics) =>
    residence.wantDetails(Array.isArray(topics) && topics.includes('node-details')),
  );
  ctx.onRequest((request) => residence.answer(request));
  return residence;
}

async function settle(
  ctx: ServiceContext<Options>,
  { facts, place, port = ctx.options.port, renew }: Settling,
): Promise<Household> {
  const { options, log, clock } = ctx;
  const boot = (await ctx.tryReadText('/proc/sys/kernel/random/boot_id', { maxBytes: 64 }))?.trim() ?? '';
  const moment = (): Moment => ({ epochMs: clock.now(), boot, uptimeMs: uptime() * 1000 });
  const saved = new SavedTable(ctx.kv, ctx.name, moment);
  const zoneKeys = new ZoneKeys({
    folder: options.zone_keys,
    read: (path) => ctx.tryReadText(path, { maxBytes: 1024 }),
    onBad: (path, why) => log.error(`${path}: ${why}`),
  });
  await zoneKeys.read(zonesBelow(place));
  const key =
    options.key === undefined || options.key === '' ? await zoneKeys.textOf(place.own) : options.key;
  const keys = new KeyBook(key, options.keys, await saved.get('keyring'));
  const membership = await Membership.open(
    {
      options: { ...options, port },
      log,
      clock,
      timers: systemTimers,
      random: Math.random,
      resolve,
      publish: (snapshot) => ctx.publish('nodes', snapshot as never),
      publishDetails: (snapshot) => ctx.publish('node-details', snapshot as never),
      emit: (topic, data) => ctx.emit(topic, data),
      saved,
      keys,
      identity: await ownIdentity(saved),
      place,
      zoneKeys,
    },
    facts,
  );
  const routes = {
    ...memberRoutes(membership, keys),
    ...sideRoutes(membership, clock),
    ...zoneRoutes({ membership, place, zoneKeys, renew }),
  };
  return { membership, answer: answerer(routes) };
}

/** Who this host is comes with the first facts. */
function firstFacts({ signal, subscribe }: ServiceContext<Options>): Promise<ExportedFacts> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    const end = subscribe('facts', (facts) => {
      end();
      resolve(facts as unknown as ExportedFacts);
    });
  });
}

/** The key by which others know this node again, made at its first start. */
async function ownIdentity(saved: SavedTable): Promise<Identity> {
  const known = await saved.get('identity');
  if (typeof known === 'string') {
    try {
      return ed25519Identity(known);
    } catch {
      // What is no key is replaced: others then see a conflict until they forget the old one.
    }
  }
  const pem = generateIdentity();
  await saved.put('identity', pem);
  return ed25519Identity(pem);
}

/** Addresses of a name. Rejects with an error that says what is wrong with the name. */
export async function resolve(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EAI_AGAIN' ? 'no name server answers, or none knows it' : 'no such name is known';
    throw new Error(`the name '${host}' has no address: ${why} (${code})`, { cause: error });
  }
}
