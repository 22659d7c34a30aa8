import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { openDatabase, type SqlDatabase } from '../sql/database.ts';

/** A database server that a test finds on its host. */
export interface TestServer {
  name: string;
  port: number;
  url: string;
  /** URL of a place of its own. */
  place(name: string): string;
  make(name: string): string;
  drop(name: string): string;
}

/** The servers that a storage runs on. */
export const servers: TestServer[] = [
  {
    ...{ name: 'MariaDB', port: 3306, url: 'mysql://root@127.0.0.1:3306/test' },
    place: (name) => `mysql://root@127.0.0.1:3306/${name}`,
    make: (name) => `CREATE DATABASE ${name}`,
    drop: (name) => `DROP DATABASE ${name}`,
  },
  {
    ...{ name: 'PostgreSQL', port: 5432, url: 'postgres://postgres@127.0.0.1:5432/test' },
    place: (name) => `postgres://postgres@127.0.0.1:5432/test?options=-c%20search_path%3D${name}`,
    make: (name) => `CREATE SCHEMA ${name}`,
    drop: (name) => `DROP SCHEMA ${name} CASCADE`,
  },
];

/** Whether a server listens; with OPSBRO_TEST_REQUIRE=all one has to. */
export async function isThere({ name, port }: TestServer): Promise<boolean> {
  const found = await new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => resolve(false)).setTimeout(5000, () => socket.destroy());
    socket.once('connect', () => socket.destroy());
  });
  if (!found && process.env.OPSBRO_TEST_REQUIRE === 'all')
    throw new Error(`${name}: nothing listens on port ${port}`);
  return found;
}

/** A storage as a table of tests has it: its name, where it is (null: embedded), and whether it is there. */
export type TestBackend<Server> = [name: string, server: Server, isPresent: boolean];

/** The servers, for tests of what a database has. */
export async function databases(): Promise<TestBackend<TestServer>[]> {
  return Promise.all(
    servers.map(
      async (server): Promise<TestBackend<TestServer>> => [server.name, server, await isThere(server)],
    ),
  );
}

/** All storages, for tests that hold on each of them. */
export async function backends(): Promise<TestBackend<TestServer | null>[]> {
  return [['the embedded storage', null, true], ...(await databases())];
}

/** Makes an empty database, and what removes it. */
export async function emptyDatabase(
  server: TestServer,
): Promise<{ url: string; database: SqlDatabase; remove(): Promise<void> }> {
  const name = `opsbro_${randomUUID().replaceAll('-', '').slice(0, 16)}`;
  const admin = await openDatabase(server.url);
  await admin.query(server.make(name));
  const url = server.place(name);
  const database = await openDatabase(url);
  return {
    url,
    database,
    async remove() {
      await database.close();
      await admin.query(server.drop(name));
      await admin.close();
    },
  };
}
