import type { FunctionContext } from 'opsbro/sdk';

const databases = ['/lib/apk/db/installed', '/usr/lib/apk/db/installed'] as const;
const maxDatabaseBytes = 64 * 1024 * 1024;

/** True when this host has apk's database. Newer Alpine keeps it under /usr. */
export async function apkPresent(ctx: FunctionContext): Promise<boolean> {
  return (await apkDatabase(ctx)) !== undefined;
}

/** True when apk's database has the package. */
export async function apkHas(ctx: FunctionContext, name: string): Promise<boolean> {
  const database = await apkDatabase(ctx);
  if (database === undefined) return false;
  const text = await ctx.readText(database, { maxBytes: maxDatabaseBytes });
  return `\n${text}`.includes(`\nP:${name}\n`);
}

async function apkDatabase(ctx: FunctionContext): Promise<string | undefined> {
  for (const database of databases) if ((await ctx.stat(database)) !== undefined) return database;
  return undefined;
}
