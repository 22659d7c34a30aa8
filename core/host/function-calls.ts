import type { Json } from 'opsbro/sdk';
import type { FunctionCaller } from '../../language/program.ts';
import type { PlainError } from '../errors.ts';
import type { JobRunner } from './deps.ts';
import type { Registry } from './registry.ts';

const defaultTimeoutMs = 10_000;
const units: { [unit: string]: number } = { ms: 1, s: 1000, m: 60_000 };

/** Calls host-touching expression functions in job threads, each under its manifest's timeout. */
export function functionCaller(registry: Registry, pool: JobRunner): FunctionCaller {
  return async (name: string, args: Json[]) => {
    const found = registry.hostFunction(name);
    if (found?.plugin.module == null)
      return refused('OPSBRO_EXPRESSION_UNKNOWN_FUNCTION', `no function '${name}'`);
    const { id, module } = found.plugin;
    const result = await pool.run({
      type: 'call',
      plugin: id,
      module,
      object: name,
      name,
      options: {},
      state: {},
      timeoutMs: timeoutOf(found.timeout),
      args,
    });
    const code = result.status === 'failed' ? result.error.code : null;
    registry.counter(id).ran(result.durationMs, code, result.heapUsedBytes);
    if (result.status === 'done') return { ok: true, value: result.value };
    return result.status === 'failed'
      ? { ok: false, error: result.error }
      : refused('OPSBRO_EXPRESSION_FUNCTION', result.reason);
  };
}

function timeoutOf(text: string | undefined): number {
  const parts = /^(\d+)(ms|s|m)$/.exec(text ?? '');
  return parts === null ? defaultTimeoutMs : Number(parts[1]) * (units[parts[2] as string] as number);
}

function refused(code: string, message: string): { ok: false; error: PlainError } {
  return { ok: false, error: { code, message } };
}
