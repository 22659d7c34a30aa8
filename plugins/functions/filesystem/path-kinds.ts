import { basename, dirname } from 'node:path';
import type { FileStat, FunctionContext, Json } from 'opsbro/sdk';
import { absolutePath } from './absolute-path.ts';

/** True when something exists at the path, links followed. A path the agent may not look at counts as absent, as in Python. */
export async function fileExists(ctx: FunctionContext, path: Json = null): Promise<boolean> {
  return (await statOf(ctx, absolutePath(path))) !== undefined;
}

/** True when the path is a directory, links followed. */
export async function isDirectory(ctx: FunctionContext, path: Json = null): Promise<boolean> {
  return (await statOf(ctx, absolutePath(path)))?.type === 'directory';
}

/** True when the path itself is a regular file: neither a link nor a directory nor a device. */
export async function isPlainFile(ctx: FunctionContext, path: Json = null): Promise<boolean> {
  const found = await statOf(ctx, absolutePath(path));
  return found?.type === 'file' && found.linkTarget === undefined;
}

/** True when the path itself is a symbolic link, even a broken one. */
export async function isLink(ctx: FunctionContext, path: Json = null): Promise<boolean> {
  const absolute = absolutePath(path).replace(/(?<=.)\/+$/, '');
  const found = await statOf(ctx, absolute);
  if (found !== undefined) return found.linkTarget !== undefined;
  // stat follows links, so a broken one is seen only by looking into its directory.
  return isListedLink(ctx, absolute);
}

/** `ctx.stat`, where whatever the operating system refuses to show is absent. Rejects when the call was cancelled. */
export async function statOf(ctx: FunctionContext, path: string): Promise<FileStat | undefined> {
  if (path.includes('\0')) return undefined;
  try {
    return await ctx.stat(path);
  } catch (thrown) {
    if (ctx.signal.aborted) throw thrown;
    return undefined;
  }
}

async function isListedLink(ctx: FunctionContext, path: string): Promise<boolean> {
  if (path.includes('\0')) return false;
  try {
    const entries = await ctx.list(dirname(path));
    return entries.some((entry) => entry.name === basename(path) && entry.type === 'link');
  } catch (thrown) {
    if (ctx.signal.aborted) throw thrown;
    return false;
  }
}
