import { dependencyGraph } from '../../alerting/suppression/dependency-graph.ts';
import type { ConfigObject, Diagnostic } from '../model.ts';
import type { RawObject } from '../sources/split.ts';

/** Warns of every `depends_on` that names no check, or several, or closes a circle. */
export function dependencyFindings(
  objects: readonly ConfigObject[],
  raws: ReadonlyMap<string, RawObject>,
): Diagnostic[] {
  const checks = objects.filter((object) => object.kind === 'check');
  if (checks.every(({ dependsOn }) => dependsOn.length === 0)) return [];
  return dependencyGraph(checks).findings.map(({ check, index, message }) => ({
    severity: 'warning',
    code: 'OPSBRO_CONFIG_DEPENDENCY',
    message: `${message}; until then it does not hold the check back`,
    place: raws.get(check)!.locate(['depends_on', index], 'value'),
  }));
}
