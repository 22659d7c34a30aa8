import { afterEach, beforeEach } from 'vitest';
import type { SqlDatabase } from '../sql/database.ts';
import { scratch } from '../test-push.ts';
import { emptyDatabase, type TestServer } from './test-databases.ts';

/** Where the test that runs keeps its data. */
export interface Backend {
  readonly folder: string;
  /** Of its empty database; '' where it has none. */
  readonly url: string;
  readonly database: SqlDatabase | undefined;
}

/** For a `describe` of a table of storages: a folder and an empty database for each test, which is skipped where the server is not there. */
export function onBackend(server: TestServer | null, isPresent: boolean): Backend {
  let place: ReturnType<typeof scratch> | undefined;
  let made: Awaited<ReturnType<typeof emptyDatabase>> | undefined;
  beforeEach(async (context) => {
    if (!isPresent) context.skip('nothing listens on its port');
    place = scratch();
    made = server === null ? undefined : await emptyDatabase(server);
  });
  afterEach(async () => {
    await made?.remove();
    place?.remove();
    [made, place] = [undefined, undefined];
  });
  return {
    get folder() {
      return place?.folder ?? '';
    },
    get url() {
      return made?.url ?? '';
    },
    get database() {
      return made?.database;
    },
  };
}
