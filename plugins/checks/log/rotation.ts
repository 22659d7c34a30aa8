import type { Context } from 'opsbro/sdk';

/** An older file of a log. */
export interface Rotated {
  path: string;
  modifiedMs: number;
  /** The ending of a compressed one: `gz` can be read, others cannot; '' of a plain one. */
  packed: string;
}

/** So many of the newest are looked at. */
const maxFiles = 20;

const packings = /\.(gz|xz|bz2|zst|lz4|lzma|Z|zip)$/;

/**
 * Tells the older files of a log by their names, as logrotate and its like write them: `app.log.1`, `app.log-20260101`, `app-2026-01-01.log`,
 * `app.1.log`, `app.log.old`, each also compressed.
 */
export function isRotatedName(given: string, log: string): boolean {
  const name = given.replace(packings, '');
  const dot = log.lastIndexOf('.');
  const [stem, ending] = dot > 0 ? [log.slice(0, dot), log.slice(dot)] : [log, ''];
  if (name === `${log}.old`) return true;
  if (name.startsWith(log) && /^[.-]\d[\d.-]*$/.test(name.slice(log.length))) return true;
  const middle = name.slice(stem.length, name.length - ending.length);
  return ending !== '' && name.startsWith(stem) && name.endsWith(ending) && /^[.-]\d[\d.-]*$/.test(middle);
}

/** The older files of a log, the oldest first. */
export async function findRotated(ctx: Context<unknown>, path: string): Promise<Rotated[]> {
  const slash = path.lastIndexOf('/');
  const [folder, log] = [path.slice(0, slash), path.slice(slash + 1)];
  const found: Rotated[] = [];
  if ((await ctx.stat(folder || '/')) === undefined) return [];
  const entries = await ctx.list(folder || '/');
  const names = new Set(entries.map(({ name }) => name));
  for (const { name, type } of entries) {
    const packed = packings.exec(name)?.[1] ?? '';
    if (type !== 'file' || !isRotatedName(name, log)) continue;
    // While it is being compressed, the plain one is whole.
    if (packed !== '' && names.has(name.slice(0, -packed.length - 1))) continue;
    const stat = await ctx.stat(`${folder}/${name}`);
    if (stat !== undefined) found.push({ path: `${folder}/${name}`, modifiedMs: stat.modifiedMs, packed });
  }
  return found.sort((a, b) => a.modifiedMs - b.modifiedMs).slice(-maxFiles);
}
