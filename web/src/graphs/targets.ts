/** Targets that stand in an address, one a line. */
export function readTargets(query: URLSearchParams): string[] {
  return [...new Set((query.get('target') ?? '').split('\n').filter((line) => line !== ''))];
}

/** Targets as they stand in an address. */
export function writeTargets(targets: readonly string[]): string {
  return targets.join('\n');
}

/** The targets with one more, or without one that was there. */
export function toggledTarget(targets: readonly string[], target: string): string[] {
  return targets.includes(target) ? targets.filter((one) => one !== target) : [...targets, target];
}
