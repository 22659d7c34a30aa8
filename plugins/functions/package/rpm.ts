import type { FunctionContext } from 'opsbro/sdk';

const program = '/usr/bin/rpm';
const databases = ['/usr/lib/sysimage/rpm', '/var/lib/rpm'] as const;

/** True when this host has rpm and its database. */
export async function rpmPresent(ctx: FunctionContext): Promise<boolean> {
  if ((await ctx.stat(program)) === undefined) return false;
  for (const database of databases) if ((await ctx.stat(database)) !== undefined) return true;
  return false;
}

/** True when `rpm -q` knows the package. Its database is Berkeley DB, ndb or SQLite by age, so the program is the only door. */
export async function rpmHas(ctx: FunctionContext, name: string): Promise<boolean> {
  const root = ctx.env('HOST_ROOT');
  const args = [...(root ? ['--root', root] : []), '-q', '--quiet', '--', name];
  return (await ctx.exec(program, args, { timeoutMs: 8000 })).code === 0;
}
