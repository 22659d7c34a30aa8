import type { Client } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import { Failure, isFailure, messageOf } from './failure.ts';
import type { Log } from './log.ts';
import { type Moment, thisMoment } from './queue/boot.ts';
import type { ReportQueue } from './queue/report-queue.ts';
import type { Report } from './report.ts';

/** How long a call waits while another one sends what is queued. */
const turnWithinMs = 20_000;
const askForTurnEachMs = 50;
/** How long a call goes on sending what is queued; what is left is the next one's. */
const sendQueuedForMs = 60_000;
/** How long a call waits, in all, for a server that asks to be asked again: for longer its report is queued. */
const busyForMs = 10_000;
/** How long at least; and after a 429 that does not say. */
const busyAgainMs = 1000;
/** Answers of a server that is there, and busy. */
const busy = new Set([429, 503]);
/** What a server says about one report; any other refusal is about whoever asks. */
const aboutTheReport = new Set([400, 413, 422]);

/** What delivering takes. */
export interface Delivery {
  endpoint: Endpoint;
  client: Pick<Client, 'post'>;
  queue: ReportQueue;
  log: Log;
  /** Rejects with an `unsent` failure once the process is told to end. */
  interrupted?: Promise<never>;
  /** Waits; a test's own. */
  pause?: (ms: number) => Promise<void>;
  /** Monotonic milliseconds; a test's own. */
  clock?: () => number;
}

/**
 * Sends what is queued, oldest first, then this report, made at `made`. When it cannot be sent it is queued and a `queued` failure tells why; when
 * the server refuses it, that failure is thrown and nothing is kept.
 */
export async function deliver(delivery: Delivery, report: Report, made = thisMoment()): Promise<void> {
  const { interrupted } = delivery;
  try {
    const sent = sendAll(delivery, report);
    await (interrupted === undefined ? sent : Promise.race([sent, interrupted]));
  } catch (error) {
    if (!isFailure(error, 'unsent')) throw error;
    enqueue(delivery, report, error.message, made);
  }
}

async function sendAll(delivery: Delivery, report: Report): Promise<void> {
  const { log } = delivery;
  await sendQueued(delivery).catch((error: unknown) => {
    // A queue that cannot be read or locked must not hold back what can be sent.
    if (error instanceof Failure) throw error;
    log.warn(`cannot send what is queued: ${messageOf(error)}`);
  });
  await post(delivery, report.route, report.body);
}

/** Posts, again where a server is busy and says when it is not, while that is before `until`. */
export async function post(
  delivery: Pick<Delivery, 'client' | 'endpoint' | 'log' | 'pause' | 'clock'>,
  route: string,
  body: object,
  until?: number,
): Promise<void> {
  const { client, endpoint, log, clock = () => performance.now(), pause = pauseMs } = delivery;
  const end = until ?? clock() + busyForMs;
  for (;;) {
    try {
      return await client.post(endpoint, route, body);
    } catch (error) {
      const waitMs = busyMs(error);
      if (waitMs === undefined || clock() + waitMs > end) throw error;
      log.info(`${(error as Failure).message}; asks again in ${waitMs / 1000} s`);
      await pause(waitMs);
    }
  }
}

/** How long a server wants to be left alone; undefined where it is not that, or may be so for ever. */
function busyMs(error: unknown): number | undefined {
  if (!isFailure(error, 'unsent') || !busy.has(error.status ?? 0)) return undefined;
  if (error.retryAfterS !== undefined) return Math.max(busyAgainMs, 1000 * error.retryAfterS);
  return error.status === 429 ? busyAgainMs : undefined;
}

/** Queues a report and says so: throws a `queued` failure, or an `unsent` one when there is no place for it. */
export function enqueue(
  { queue, log }: Pick<Delivery, 'queue' | 'log'>,
  report: Report,
  reason: string,
  made?: Moment,
): never {
  let dropped: number;
  try {
    dropped = queue.add(report, made);
  } catch (error) {
    throw new Failure(
      'unsent',
      `${reason}; the report is lost, since it cannot be queued: ${messageOf(error)}`,
    );
  }
  if (dropped > 0) log.warn(`dropped the oldest of the queue, beyond what it holds: ${dropped}`);
  throw new Failure('queued', `queued: ${reason} (${queue.names().length} in ${queue.directory})`);
}

/** Sends what is queued. Throws the failure that leaves something there. */
export async function sendQueued(delivery: Delivery): Promise<void> {
  const { queue, clock = () => performance.now() } = delivery;
  if (queue.names().length === 0) return;
  const turn = await takeTurn(delivery, clock() + turnWithinMs);
  try {
    const until = clock() + sendQueuedForMs;
    // Those that gave up waiting for this turn have added theirs.
    for (let names = queue.names(); names.length > 0; names = queue.names())
      for (const name of names) {
        if (clock() > until) throw new Failure('unsent', `${queue.names().length} older reports go first`);
        await sendOne(delivery, name, until);
      }
  } finally {
    turn.release();
  }
}

async function takeTurn(delivery: Delivery, until: number): Promise<{ release(): void }> {
  const { queue, clock = () => performance.now(), pause = pauseMs } = delivery;
  for (;;) {
    const turn = queue.takeTurn();
    if (turn !== undefined) return turn;
    if (clock() > until) throw new Failure('unsent', 'another process is sending what is queued');
    await pause(askForTurnEachMs);
  }
}

async function sendOne(delivery: Delivery, name: string, until: number): Promise<void> {
  const { queue, log } = delivery;
  const waiting = queue.read(name);
  if (typeof waiting === 'string') {
    if (waiting !== 'gone') log.warn(`dropped a report from the queue, ${waiting}: ${name}`);
    return;
  }
  const { report, ageS } = waiting;
  try {
    await post(delivery, report.route, { ...report.body, age: ageS }, until);
    queue.remove(name);
    log.info(`sent a report from the queue, ${ageS} s old`);
  } catch (error) {
    if (!isFailure(error, 'refused') || !aboutTheReport.has(error.status ?? 0)) throw error;
    queue.remove(name);
    log.warn(`dropped a report from the queue: ${error.message}`);
  }
}

function pauseMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
