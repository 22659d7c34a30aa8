import { execFile } from 'node:child_process';
import { unixDatagramSocket } from '../threads/context/unix-datagrams.ts';

/** Tells the service manager what the agent does (sd_notify(3)). Without `NOTIFY_SOCKET` every call does nothing. */
export interface Notifier {
  /** How often `watchdog` must be called: half of systemd's limit, in ms; Infinity when no watchdog is asked for. */
  readonly watchdogMs: number;
  /** The agent answers and has finished its first round. */
  ready(): void;
  /** `true` when a reload starts, `false` when it ended. */
  reloading(busy: boolean): void;
  stopping(): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** The agent is alive; called from the scheduler's tick, so a stuck scheduler is noticed. */
  watchdog(): void;
  /** Frees the socket. Also twice. */
  close(): void;
}

/** The door a notification leaves by; tests count what passes. */
export interface NotifierOptions {
  /** Microseconds of CLOCK_MONOTONIC, which `RELOADING=1` must carry. */
  monotonicUs?: () => bigint;
  /** This process, since `WATCHDOG_PID` may name another. */
  pid?: number;
}

/**
 * Opens the notification socket named by `environment`: a path, or `@name` for an abstract one. A send that fails is dropped:
 * the service manager's own timeout tells then, and the agent must not fail for want of a listener.
 */
export function createNotifier(environment: NodeJS.ProcessEnv, options: NotifierOptions = {}): Notifier {
  const address = environment.NOTIFY_SOCKET ?? '';
  const pid = options.pid ?? process.pid;
  const send = sender(address, pid);
  const monotonicUs = options.monotonicUs ?? (() => process.hrtime.bigint() / 1000n);
  return {
    watchdogMs: send ? watchdogPeriod(environment, pid) : Number.POSITIVE_INFINITY,
    ready: () => send?.('READY=1\nSTATUS=running'),
    reloading: (busy) =>
      send?.(
        busy ? `RELOADING=1\nMONOTONIC_USEC=${monotonicUs()}\nSTATUS=reloading` : 'READY=1\nSTATUS=running',
      ),
    stopping: () => send?.('STOPPING=1\nSTATUS=stopping'),
    status: (text) => send?.(`STATUS=${text.replaceAll(/\s+/g, ' ').slice(0, 500)}`),
    watchdog: () => send?.('WATCHDOG=1'),
    close: () => send?.(null),
  };
}

function sender(address: string, pid: number): Send | null {
  if (address.startsWith('/')) return datagramSender(address);
  return /^@./.test(address) ? programSender(address, pid) : null;
}

/** Sends a text as one datagram; null closes. */
type Send = (text: string | null) => void;

function datagramSender(path: string): Send {
  const socket = unixDatagramSocket();
  socket.on('error', () => {});
  let open = true;
  return (text) => {
    if (!open) return;
    if (text === null) {
      open = false;
      socket.close();
      return;
    }
    const datagram = Buffer.from(text);
    try {
      socket.sendTo(datagram, 0, datagram.length, path, () => {});
    } catch {
      // An address the kernel refuses: as with a listener that is gone, there is nobody to tell.
    }
  };
}

/**
 * The library pads an abstract name with NULs to the full length of the address, which names another socket; systemd's own
 * program sends there instead. One at a time, so that notifications keep their order, and at most 16 wait.
 */
function programSender(address: string, pid: number): Send {
  const env = { PATH: '/usr/bin:/bin', NOTIFY_SOCKET: address };
  const waiting: string[] = [];
  let running = false;
  const next = (): void => {
    const text = waiting.shift();
    running = text !== undefined;
    if (text === undefined) return;
    execFile(
      'systemd-notify',
      ['--no-block', `--pid=${pid}`, ...text.split('\n')],
      { env, timeout: 2000 },
      next,
    );
  };
  return (text) => {
    if (text === null || waiting.length >= 16) return;
    waiting.push(text);
    if (!running) next();
  };
}

function watchdogPeriod(environment: NodeJS.ProcessEnv, pid: number): number {
  const limitUs = Number(environment.WATCHDOG_USEC);
  const addressee = environment.WATCHDOG_PID;
  if (!Number.isFinite(limitUs) || limitUs <= 0) return Number.POSITIVE_INFINITY;
  if (addressee !== undefined && addressee !== '' && Number(addressee) !== pid)
    return Number.POSITIVE_INFINITY;
  return limitUs / 2000;
}
