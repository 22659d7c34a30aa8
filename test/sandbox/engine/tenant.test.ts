import { afterEach, expect, it, vi } from 'vitest';
import { Instance } from '../../../sandbox/engine/instance.ts';
import type { SandboxJob } from '../../../sandbox/engine/protocol.ts';
import { SandboxRun } from '../../../sandbox/engine/run.ts';
import { Tenant } from '../../../sandbox/engine/tenant.ts';
import type { GuestMessage } from '../../../sandbox/guest/message.ts';
import { PendingLooks, pendingLooksBytes } from '../../../threads/context/pending-looks.ts';
import { Sandboxes } from './sandboxes.ts';

afterEach(() => vi.restoreAllMocks());

/** Runs a collector whose instance says this instead of what our script in it would. */
async function hear(messages: unknown): Promise<unknown[]> {
  const sandboxes = new Sandboxes();
  const said = { cpuMs: 1, messages: messages as GuestMessage[] };
  vi.spyOn(Instance.prototype, 'post').mockReturnValueOnce(said).mockReturnValue({ cpuMs: 1, messages: [] });
  const ends: unknown[] = [];
  const job = sandboxes.job('{ collect() {} }') as SandboxJob;
  await new Promise<void>((resolve) => {
    const tenant = new Tenant(
      {
        data: { hostProc: '/proc', hostSys: '/sys', hostRoot: '/', environment: {} },
        looks: new PendingLooks(new SharedArrayBuffer(pendingLooksBytes), 1, () => 0),
        makeCalls: () => ({ call: async () => null, close: () => undefined }),
        errand: async () => null,
        watched: (_run, _patienceMs, act) => act(),
        ended: (_run, result) => {
          ends.push(result);
          resolve();
        },
        lost: () => resolve(),
        now: () => ({ epoch: 0, monotonic: 0 }),
      },
      0,
    );
    void tenant.start(new SandboxRun(1, job));
  });
  await sandboxes.close();
  return ends;
}

it.each<[unknown]>([[[null]], [{ type: 'done' }], [[{ type: 'failed', run: 1, error: null }]]])(
  'fails a run whose instance says %j, and ends its thread for it by no means',
  async (messages) => {
    expect(await hear(messages)).toMatchObject([
      { status: 'failed', error: { code: 'OPSBRO_PLUGIN_FAILED' } },
    ]);
  },
);

it('ends a run once whose instance says nonsense after its result', async () => {
  const done = { type: 'done', run: 1, value: { up: 1 }, state: {}, dropped: 0 };
  expect(await hear([done, null])).toMatchObject([{ status: 'done', value: { up: 1 } }]);
});
