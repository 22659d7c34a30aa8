import type { Context } from 'opsbro/sdk';

/** An older file of a log. */
export interface Rotated {
  path: string;
  modifiedMs: number;
}

/** So many of the newest are looked at. */
const maxFiles = 20;

/**
 * Tells the older files of a log by their names, as logrotate and its like write them: `app.log.1`, `app.log-20260101`, `app-2026-01-01.log`,
 * `app.1.log`, `app.log.old`. Compressed ones cannot be read on.
 */
export function isRotatedName(name: string, log: string): boolean {
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
  for (const { name, type } of await ctx.list(folder || '/')) {
    if (type !== 'file' || !isRotatedName(name, log)) continue;
    const stat = await ctx.stat(`${folder}/${name}`);
    if (stat !== undefined) found.push({ path: `${folder}/${name}`, modifiedMs: stat.modifiedMs });
  }
  return found.sort((a, b) => a.modifiedMs - b.modifiedMs).slice(-maxFiles);
}
