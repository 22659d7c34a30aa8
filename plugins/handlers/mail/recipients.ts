import type { JsonObject } from 'opsbro/sdk';

/** Mails that some addresses still wait for; of more the oldest are forgotten, and go to all contacts again. */
const maxRemembered = 100;

/** Who is to get a mail: those that did not get it at an earlier try, else all contacts. */
export function recipientsOf(state: JsonObject, key: string, contacts: string[]): string[] {
  const left = leftOf(state)[key];
  return Array.isArray(left) ? left.map(String) : contacts;
}

/** Remembers in `ctx.state` who did not get a mail yet; nobody: it is done. */
export function rememberLeft(state: JsonObject, key: string, left: string[]): void {
  const { [key]: _, ...others } = leftOf(state);
  const entries = [...Object.entries(others), ...(left.length > 0 ? [[key, left] as const] : [])];
  delete state.left;
  if (entries.length > 0) state.left = Object.fromEntries(entries.slice(-maxRemembered));
}

function leftOf({ left }: JsonObject): JsonObject {
  return typeof left === 'object' && left !== null && !Array.isArray(left) ? left : {};
}
