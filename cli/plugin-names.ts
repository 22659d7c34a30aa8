import { OpsbroError } from '../core/errors.ts';
import { nearest } from '../language/nearest.ts';

/** The id a person means among these: a full one, or a name that one plugin has. Throws with the candidates, else with `elsewhere`. */
export function pickPlugin(
  given: string,
  ids: readonly string[],
  elsewhere = "'opsbro plugins list' shows all",
): string {
  const wanted = given.toLowerCase();
  const found = ids.includes(given)
    ? [given]
    : ids.filter((id) => shortName(id).toLowerCase() === wanted).sort();
  if (found.length === 1) return found[0] as string;
  if (found.length > 1) {
    const why = `plugin '${given}' is ambiguous: ${found.join(', ')}; use the full id`;
    throw new OpsbroError('OPSBRO_CLI_USAGE', why);
  }
  const name = nearest(given, [...ids, ...ids.map(shortName)]);
  const meant = ids.find((id) => id === name || shortName(id) === name);
  const advice = meant === undefined ? elsewhere : `did you mean '${meant}'?`;
  throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no plugin '${given}'; ${advice}`);
}

function shortName(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}

/** A plugin's route; its id keeps its one slash. */
export function pluginPath(id: string): string {
  return `/api/v1/plugins/${id.split('/').map(encodeURIComponent).join('/')}`;
}
