import type { ExactStore } from 'opsbro/sdk';
import { shownUrl } from '../sql/database.ts';
import { type EmbeddedParts, EmbeddedStorage } from './embedded.ts';
import type { Storage } from './storage.ts';

/** What a storage is opened with. */
export interface StorageParts extends Omit<EmbeddedParts, 'store'> {
  /** URL of a database; '' for none. */
  database: string;
  /** Tells this server from others that share the database. */
  owner: string;
  /** Opens a store in the data directory. */
  store(): Promise<ExactStore>;
}

/** Opens the storage that is configured: a database, or the data directory. What a database needs is loaded only then. */
export async function openStorage(parts: StorageParts): Promise<Storage> {
  const { database: url } = parts;
  const storage =
    url === '' ? new EmbeddedStorage({ ...parts, store: await parts.store() }) : await inDatabase(parts);
  try {
    await storage.open();
    return storage;
  } catch (error) {
    await storage.close().catch(() => undefined);
    throw url === '' ? error : new Error(`database ${shownUrl(url)}: ${(error as Error).message}`);
  }
}

async function inDatabase({
  database: url,
  keys,
  clock,
  events,
  limits,
  owner,
}: StorageParts): Promise<Storage> {
  const [{ openDatabase }, { SqlStorage }] = await Promise.all([
    import('../sql/database.ts'),
    import('../sql/sql-storage.ts'),
  ]);
  return new SqlStorage({ database: await openDatabase(url), keys, clock, events, limits, owner });
}
