import type { FunctionContext, Json } from 'opsbro/sdk';

const maxFileBytes = 8 * 1024 * 1024;

/** A line of `/etc/passwd` or `/etc/group`: both have the name first and the number third. */
export interface Account {
  name: string;
  id: number;
}

/** The accounts of a passwd(5) or group(5) text. Lines that have no number in the third field, such as NIS entries, are left out. */
export function parseAccounts(text: string): Account[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , id = ''] = line.split(':');
    return /^\d+$/.test(id) && name !== '' ? [{ name, id: Number(id) }] : [];
  });
}

/** The account with this name, undefined when there is none. Throws when `name` is no string or the file is unreadable. */
export async function accountByName(
  ctx: FunctionContext,
  file: string,
  name: Json,
): Promise<Account | undefined> {
  if (typeof name !== 'string') throw new Error('the name must be a string');
  return (await accounts(ctx, file)).find((account) => account.name === name);
}

/** The account with this number, also written as text. Throws when `id` is no number or the file is unreadable. */
export async function accountById(
  ctx: FunctionContext,
  file: string,
  id: Json,
): Promise<Account | undefined> {
  const wanted = typeof id === 'string' && /^\d+$/.test(id) ? Number(id) : id;
  if (typeof wanted !== 'number') throw new Error('the id must be a number');
  return (await accounts(ctx, file)).find((account) => account.id === wanted);
}

/** The account with this name or, for a number, with this number. */
export function accountOf(ctx: FunctionContext, file: string, nameOrId: Json): Promise<Account | undefined> {
  return typeof nameOrId === 'number' || (typeof nameOrId === 'string' && /^\d+$/.test(nameOrId))
    ? accountById(ctx, file, nameOrId)
    : accountByName(ctx, file, nameOrId);
}

async function accounts(ctx: FunctionContext, file: string): Promise<Account[]> {
  return parseAccounts(await ctx.readText(file, { maxBytes: maxFileBytes }));
}
