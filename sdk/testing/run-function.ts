import type { FunctionContext } from '../context.ts';
import type { FunctionsDefinition } from '../define.ts';
import type { Json } from '../values.ts';

/**
 * Calls one function of a plugin of the kind `functions`, as an expression would, and resolves to what it gives.
 * @example `expect(await runFunction(plugin, 'count_lines', fixtureContext({ root }), '/etc/passwd')).toBe(2);`
 */
export async function runFunction(
  definition: FunctionsDefinition,
  name: string,
  context: FunctionContext,
  ...args: Json[]
): Promise<Json> {
  const { functions } = definition;
  const called = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (called !== undefined) return called(context, ...args);
  throw new Error(
    `the plugin has no function '${name}'; it has ${Object.keys(functions).join(', ') || 'none'}`,
  );
}
