import type { Json, Permissions } from 'opsbro/sdk';
import { createHostCalls } from '../../../sandbox/grants/host-calls.ts';
import type { Resolve } from '../../../sandbox/grants/network.ts';
import type { Errand, HostCalls } from '../../../sandbox/model.ts';
import { PendingLooks, pendingLooksBytes } from '../../../threads/context/pending-looks.ts';
import type { ThreadData } from '../../../threads/protocol.ts';

/** A run's host, and what became of it. */
export interface OpenHost {
  host: HostCalls;
  denied: string[];
  errands: Errand[];
  abort: AbortController;
  /** The code a call is refused with, or undefined. */
  codeOf(name: string, ...args: Json[]): Promise<string | undefined>;
}

/** Opens the host for a run with these permissions. */
export function openHost(
  permissions: Permissions,
  options: { data?: Partial<ThreadData>; resolve?: Resolve; answer?: (errand: Errand) => Promise<Json> } = {},
): OpenHost {
  const denied: string[] = [];
  const errands: Errand[] = [];
  const abort = new AbortController();
  const host = createHostCalls(
    {
      plugin: 'collector/strange',
      permissions,
      data: { hostProc: '/proc', hostSys: '/sys', hostRoot: '/', environment: {}, ...options.data },
      looks: new PendingLooks(new SharedArrayBuffer(pendingLooksBytes), 1, () => process.hrtime()[0]),
      signal: abort.signal,
      errand: async (errand) => {
        errands.push(errand);
        return (await options.answer?.(errand)) ?? null;
      },
      denied: (what) => denied.push(what),
    },
    options.resolve,
  );
  const codeOf = (name: string, ...args: Json[]): Promise<string | undefined> =>
    host.call(name, args).then(
      () => undefined,
      (thrown: { code: string }) => thrown.code,
    );
  return { host, denied, errands, abort, codeOf };
}
