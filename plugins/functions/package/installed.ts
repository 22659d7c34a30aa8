import type { FunctionContext, Json } from 'opsbro/sdk';
import { apkHas, apkPresent } from './apk.ts';
import { dpkgHas, dpkgPresent } from './dpkg.ts';
import { rpmHas, rpmPresent } from './rpm.ts';

interface PackageManager {
  isPresent(ctx: FunctionContext): Promise<boolean>;
  has(ctx: FunctionContext, name: string): Promise<boolean>;
}

/** The first whose database is present answers: Debian can install rpm as a tool, and the other way round is rare. */
const managers: readonly PackageManager[] = [
  { isPresent: dpkgPresent, has: dpkgHas },
  { isPresent: apkPresent, has: apkHas },
  { isPresent: rpmPresent, has: rpmHas },
];

/**
 * True when a package is installed. A text that cannot be a package's name is not installed; throws when `name` is no string or
 * the database cannot be read.
 */
export async function isInstalled(ctx: FunctionContext, name: Json): Promise<boolean> {
  if (typeof name !== 'string') throw new Error('the name of the package must be a string');
  if (!/^[a-z0-9][a-z0-9+._-]*$/i.test(name)) return false;
  for (const manager of managers) if (await manager.isPresent(ctx)) return manager.has(ctx, name);
  return false;
}
