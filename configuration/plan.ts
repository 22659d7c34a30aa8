import { sep } from 'node:path';
import { type Loaded, parametersOf } from './assemble.ts';
import type { ConfigObject, RunningObject } from './model.ts';

/**
 * Compares a load with what runs. What runs from a bad file, or depends on bad parameters or a bad agent.yml, is neither stopped nor
 * changed; all else starts, restarts (its digest differs), stops or is kept. Pure.
 */
export function diff(
  loaded: Loaded,
  running: readonly RunningObject[],
): { start: ConfigObject[]; restart: ConfigObject[]; stop: string[]; kept: number } {
  const next = new Map(loaded.objects.map((object) => [object.id, object]));
  const present = new Map(running.map((object) => [object.id, object]));
  const restart: ConfigObject[] = [];
  const stop: string[] = [];
  const frozen = new Set<string>();
  let kept = 0;
  for (const { id, digest, file } of running) {
    const object = next.get(id);
    const isFrozen =
      isBadFile(file, loaded.badFiles) ||
      loaded.undermined.has(id) ||
      (object !== undefined && leansOnBad(object, loaded));
    if (isFrozen) frozen.add(nameOf(id));
    if (isFrozen || object?.digest === digest) kept += 1;
    else if (object === undefined) stop.push(id);
    else restart.push(object);
  }
  // A plugin that runs without YAML must not start beside the object, now unreadable, that took its place.
  const start = loaded.objects.filter(
    ({ id, pack }) => !present.has(id) && !(pack === 'core' && frozen.has(nameOf(id))),
  );
  return { start, restart, stop, kept };
}

function nameOf(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}

function isBadFile(file: string, bad: readonly string[]): boolean {
  return bad.some((path) => file === path || file.startsWith(path + sep));
}

function leansOnBad(object: ConfigObject, loaded: Loaded): boolean {
  if (loaded.badPacks.has(parametersOf(object))) return true;
  if (!loaded.badAgent) return false;
  return /configuration\.|\$/.test(JSON.stringify(loaded.raws.get(object.id)?.value ?? {}));
}
