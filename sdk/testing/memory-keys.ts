import type { KeyValues } from '../context.ts';
import type { Json } from '../values.ts';
import { HostError } from './host-error.ts';

const maxKeyBytes = 512;
const maxValueBytes = 64 * 1024;

/** `ctx.kv` in memory, with the bounds of the agent's. `kept` is what it holds, for a test to see. */
export function memoryKeys(kept: Map<string, Json>, signal: AbortSignal): KeyValues {
  const answer = async <Value>(key: string, work: () => Value): Promise<Value> => {
    signal.throwIfAborted();
    if (Buffer.byteLength(key) > maxKeyBytes || key.includes('\0'))
      throw new HostError('OPSBRO_API_INVALID', `a key has at most ${maxKeyBytes} bytes`);
    return work();
  };
  return {
    get: (key) => answer(key, () => structuredClone(kept.get(key)) ?? undefined),
    put: (key, value) =>
      answer(key, () => {
        const text = JSON.stringify(value);
        if (key === '' || Buffer.byteLength(text) > maxValueBytes)
          throw new HostError('OPSBRO_API_INVALID', `the value of ${key} is over ${maxValueBytes} bytes`);
        kept.set(key, JSON.parse(text) as Json);
      }),
    delete: (key) =>
      answer(key, () => {
        kept.delete(key);
      }),
    list: (prefix) => answer(prefix, () => [...kept.keys()].filter((key) => key.startsWith(prefix)).sort()),
  };
}
