import type { Json } from 'opsbro/sdk';
import type { ErrandRunner } from '../sandbox/model.ts';
import { execute } from '../threads/context/host-exec.ts';
import { sharedBytes } from '../threads/worker-data.ts';

/** Does what a sandboxed plugin asks of the main thread, without an agent: programs run at once, keys live in memory. */
export function createLocalErrands(): ErrandRunner {
  const cells = new Int32Array(new SharedArrayBuffer(sharedBytes));
  const keys = new Map<string, Json>();
  return async (_plugin, errand, signal) => {
    if (errand.type === 'exec') {
      const { type: _, file, args, ...bounds } = errand;
      return { ...(await execute(file, args, { ...bounds, signal, cells })) };
    }
    const { op, key } = errand;
    if (op === 'put') keys.set(key, errand.value);
    else if (op === 'delete') keys.delete(key);
    else if (op === 'list') return [...keys.keys()].filter((name) => name.startsWith(key)).sort();
    else return keys.get(key) ?? null;
    return null;
  };
}
