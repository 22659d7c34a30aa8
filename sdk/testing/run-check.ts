import type { CheckDefinition } from '../define.ts';
import type { Manifest } from '../manifest.ts';
import type { JsonObject, Verdict } from '../values.ts';
import { hostContext } from './host-context.ts';
import { defaultOptions } from './plugin-folder.ts';
import { runVerb } from './run-verb.ts';

/**
 * Runs a check on this host with the defaults of its manifest and `options` over them, and resolves to its verdict. `state` is its memory
 * from run to run.
 * @example `expect(await runCheck(tcp, manifest, { host: 'localhost', port })).toMatchObject({ state: 'ok' });`
 */
export async function runCheck<Options>(
  definition: CheckDefinition<Options>,
  manifest: Manifest,
  options: Partial<Options>,
  state: JsonObject = {},
): Promise<Verdict> {
  const given = { ...defaultOptions(manifest), ...options } as Options;
  const outcome = await runVerb(definition, hostContext({ options: given, state, name: manifest.name }));
  if (outcome.status === 'done') return outcome.value;
  throw new Error(`not eligible: ${outcome.reason}`);
}
