import { parentPort, workerData } from 'node:worker_threads';
import type { Json } from 'opsbro/sdk';
import { OpsbroError, type PlainError } from '../../core/errors.ts';
import { threadClock } from '../../threads/context/context.ts';
import { PendingLooks } from '../../threads/context/pending-looks.ts';
import { threadDirectory } from '../../threads/quickjs/thread-time.ts';
import type { Errand, HostCallParts, HostCalls } from '../model.ts';
import { cellOf, type SandboxReply, type SandboxRequest, type SandboxThreadData } from './protocol.ts';
import { SandboxRun } from './run.ts';
import { Tenant, type TenantParts } from './tenant.ts';

/** Errands of one thread that may wait for the main thread at once. */
const mostErrands = 64;
/** A slice is given up from outside this long after its budget, or after `leastPatienceMs`. */
const graceMs = 250;
const leastPatienceMs = 300;

interface Waiting {
  resolve(value: Json): void;
  reject(error: unknown): void;
}

/** Makes this thread a sandbox thread: it runs the jobs of third-party plugins that the main thread sends, each plugin in an instance of its own. */
export function serve(makeCalls: (parts: HostCallParts) => HostCalls): void {
  const port = parentPort;
  if (port === null) throw new Error('a sandbox thread runs as a worker thread');
  const { thread, slices, looks, lane } = workerData as SandboxThreadData;
  const post = (reply: SandboxReply): void => port.postMessage(reply);
  const cells = new Int32Array(slices);
  const tenants = new Map<string, Tenant>();
  const errands = new Errands(post);
  const parts: TenantParts = {
    data: thread,
    looks: new PendingLooks(looks, lane, () => threadClock.monotonic() / 1000),
    makeCalls,
    errand: (run, errand) => errands.send(run, errand),
    watched(run, patienceMs, act) {
      Atomics.store(cells, cellOf.patienceMs, Math.max(leastPatienceMs, Math.ceil(patienceMs) + graceMs));
      Atomics.add(cells, cellOf.slice, 1);
      Atomics.store(cells, cellOf.run, run);
      try {
        return act();
      } finally {
        Atomics.store(cells, cellOf.run, 0);
      }
    },
    ended: ({ id, usage }, result) => post({ type: 'ended', id, result, usage }),
    lost(run) {
      run.finish({ status: 'failed', error: { code: 'OPSBRO_PLUGIN_COLLATERAL', message: '' } }, 0);
      post({ type: 'lost', id: run.id, usage: run.usage });
    },
    now: () => ({ epoch: threadClock.now(), monotonic: threadClock.monotonic() }),
  };
  port.on('message', (request: SandboxRequest) => {
    if (request.type === 'errand') return errands.answer(request.id, request.answer);
    if (request.type === 'forget') {
      tenants.get(request.plugin)?.forget();
      tenants.delete(request.plugin);
      return;
    }
    const { id, job, usedMs } = request;
    const tenant = tenants.get(job.plugin) ?? new Tenant(parts, usedMs);
    tenants.set(job.plugin, tenant);
    void tenant.start(new SandboxRun(id, job));
  });
  post({ type: 'ready', thread: threadDirectory() });
}

/** What runs of this thread asked of the main thread. */
class Errands {
  readonly #post: (reply: SandboxReply) => void;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(post: (reply: SandboxReply) => void) {
    this.#post = post;
  }

  send(run: SandboxRun, errand: Errand): Promise<Json> {
    return new Promise((resolve, reject) => {
      run.signal.throwIfAborted();
      if (this.#waiting.size >= mostErrands)
        throw new OpsbroError('OPSBRO_AGENT_BUSY', `${mostErrands} calls wait for the agent already`);
      this.#last += 1;
      const id = this.#last;
      this.#waiting.set(id, { resolve, reject });
      run.signal.addEventListener('abort', () => this.#giveUp(id, run.signal.reason), { once: true });
      this.#post({ type: 'errand', id, plugin: run.job.plugin, errand });
    });
  }

  answer(id: number, answer: { value: Json } | { error: PlainError }): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if ('error' in answer) waiting?.reject(answer.error);
    else waiting?.resolve(answer.value);
  }

  #giveUp(id: number, reason: unknown): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.reject(reason);
    this.#post({ type: 'errand-over', id });
  }
}
