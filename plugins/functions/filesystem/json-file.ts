import type { FunctionContext, Json } from 'opsbro/sdk';
import { absolutePath } from './absolute-path.ts';

const maxFileBytes = 1024 * 1024;

/** The content of a JSON file, at most 1 MiB. Throws when it is absent, unreadable, too large or not JSON. */
export async function parseJsonFile(ctx: FunctionContext, path: Json = null): Promise<Json> {
  const file = absolutePath(path);
  const text = await ctx.readText(file, { maxBytes: maxFileBytes });
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new Error(`${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
}
