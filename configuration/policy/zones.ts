import type { JsonObject } from 'opsbro/sdk';
import type { ConfigObject, Diagnostic } from '../model.ts';
import type { RawObject } from '../sources/split.ts';

/** A zone as it is handed on, from a mapping that was checked. */
export function zoneOf({ name, 'sub-zones': below }: JsonObject): { name: string; 'sub-zones': string[] } {
  return { name: String(name), 'sub-zones': Array.isArray(below) ? below.map(String) : [] };
}

/** An error for every zone that is below two others, and for one of each circle: zones make a tree. */
export function zoneFindings(
  objects: readonly ConfigObject[],
  raws: ReadonlyMap<string, RawObject>,
): Diagnostic[] {
  const parents = new Map<string, string>();
  const findings: Diagnostic[] = [];
  const report = (id: string, path: (string | number)[], message: string): void => {
    const place = raws.get(id)!.locate(path, 'value');
    findings.push({ severity: 'error', code: 'OPSBRO_CONFIG_TYPE', message, place });
  };
  for (const object of objects) {
    if (object.kind !== 'zone') continue;
    const { name, 'sub-zones': below } = object.zone;
    for (const [index, zone] of below.entries()) {
      const parent = parents.get(zone);
      if (parent !== undefined && parent !== name) {
        const message = `the zone '${zone}' is below '${parent}' already; it can be below one only`;
        report(object.id, ['sub-zones', index], message);
      } else if (zone === name || isBelow(name, zone, parents))
        report(object.id, ['sub-zones', index], `the zone '${zone}' is above '${name}', or is that zone`);
      else parents.set(zone, name);
    }
  }
  return findings;
}

/** `parents` has no circle: what would close one is not put into it. */
function isBelow(zone: string, top: string, parents: ReadonlyMap<string, string>): boolean {
  let at = parents.get(zone);
  while (at !== undefined && at !== top) at = parents.get(at);
  return at !== undefined;
}
