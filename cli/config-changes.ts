import type { Json, JsonObject } from 'opsbro/sdk';
import type { ConfigObject, RunningObject } from '../configuration/model.ts';
import type { ControlClient } from '../control/client.ts';
import type { RunningKeysView } from '../control/shapes.ts';
import type { CliContext } from './context.ts';
import { plain } from './table.ts';
import { valueText } from './value-lines.ts';

/** A key of an object that is other than it runs; null where it is not written. */
export interface KeyChange {
  key: string;
  old: Json;
  new: Json;
}

/** What differs of objects, by id; nothing of those that the agent kept no keys of. */
export type ObjectChanges = ReadonlyMap<string, KeyChange[]>;

/** Objects that are looked at one by one. */
const mostAsked = 200;
/** Of a value. */
const mostShown = 200;
const elsewhere =
  'none of its own keys: what it takes from parameters, agent.yml, its plugin or a secret is other than before';

/** Asks the running agent what these objects say of themselves, and compares. */
export async function changesOf(
  cli: CliContext,
  objects: readonly ConfigObject[],
  running: readonly RunningObject[],
): Promise<ObjectChanges> {
  const files = new Map(running.map(({ id, file }) => [id, file]));
  const found = new Map<string, KeyChange[]>();
  const client = await cli.agent();
  for (const { id, place, written } of objects.slice(0, mostAsked)) {
    const before = await runningKeys(client, id);
    if (before === null || written === undefined) continue;
    const keys = keyChanges(before, JSON.parse(written) as JsonObject);
    const file = files.get(id) ?? place.file;
    found.set(id, file === place.file ? keys : [{ key: '(file)', old: file, new: place.file }, ...keys]);
  }
  return found;
}

/** null where it was not kept, by an older agent too. */
async function runningKeys(client: ControlClient, id: string): Promise<JsonObject | null> {
  const path = `/api/v1/config/running/${encodeURIComponent(id)}`;
  const view = await client.request<RunningKeysView>('GET', path).catch(() => null);
  return view?.written ?? null;
}

/** The keys that differ, by name; those of nested mappings by their paths. */
export function keyChanges(before: JsonObject, after: JsonObject): KeyChange[] {
  const [old, now] = [flattened(before), flattened(after)];
  const keys = [...new Set([...old.keys(), ...now.keys()])].sort();
  return keys
    .map((key) => ({ key, old: old.get(key) ?? null, new: now.get(key) ?? null }))
    .filter((change) => JSON.stringify(change.old) !== JSON.stringify(change.new));
}

function flattened(tree: JsonObject, above = ''): Map<string, Json> {
  const leaves = Object.entries(tree).flatMap(([name, value]): [string, Json][] => {
    const key = `${above}${name}`;
    const isTree = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isTree && Object.keys(value).length > 0 ? [...flattened(value, `${key}.`)] : [[key, value]];
  });
  return new Map(leaves);
}

/** A line for each key: what runs, and what is written now. */
export function changeLines({ paint }: CliContext, changes: readonly KeyChange[] | undefined): string[] {
  if (changes === undefined) return [];
  if (changes.length === 0) return [`            ${paint.dim(elsewhere)}`];
  return changes.map(
    ({ key, old, new: now }) =>
      `            ${plain(key)}: ${paint.red(shown(old))} -> ${paint.green(shown(now))}`,
  );
}

function shown(value: Json): string {
  if (value === null) return '(not set)';
  const text = valueText(value).replaceAll(/\s*\n\s*/g, ' ');
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
}
