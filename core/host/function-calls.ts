import type { Json } from 'opsbro/sdk';
import type { FunctionCaller } from '../../language/program.ts';
import type { PlainError } from '../errors.ts';
import type { JobRunner } from './deps.ts';
import { codeOf } from './plugin-code.ts';
import type { Registry } from './registry.ts';

const defaultTimeoutMs = 10_000;
const units: { [unit: string]: number } = { ms: 1, s: 1000, m: 60_000 };

/** Calls host-touching expression functions in job threads, each under its manifest's timeout. */
export function functionCaller(registry: Registry, pool: JobRunner): FunctionCaller {
  return async (name: string, args: Json[]) => {
    const found = registry.hostFunction(name);
    const code = codeOf(found?.plugin);
    if (found === undefined || code === undefined)
      return refused('OPSBRO_EXPRESSION_UNKNOWN_FUNCTION', `no function '${name}'`);
    const result = await pool.run({
      ...code,
      type: 'call',
      object: name,
      name,
      options: {},
      state: {},
      timeoutMs: timeoutOf(found.timeout),
      args,
    });
    const failed = result.status === 'failed' ? result.error.code : null;
    registry.counter(code.plugin).ran(result.durationMs, failed, result.heapUsedBytes);
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
