import { Client } from './client.ts';
import { type Command, type CommandLine, readCommandLine, usage } from './command-line.ts';
import { type Delivery, deliver, post, sendQueued } from './deliver.ts';
import { type Endpoint, endpointOf } from './endpoint.ts';
import { Failure, messageOf } from './failure.ts';
import { createLog } from './log.ts';
import { queueRoots, queueTarget } from './queue/place.ts';
import { ReportQueue } from './queue/report-queue.ts';
import { alertReport, statusReport } from './report.ts';

declare const overcliVersion: string;

/** The process, as the program sees it. */
export interface Host {
  env: { [name: string]: string | undefined };
  uid: number;
  stdout(text: string): void;
  stderr(text: string): void;
  /** Calls `listener` with the name of each TERM, INT and HUP from now on. */
  onSignal(listener: (name: string) => void): void;
}

/** Runs one command line; the exit code. */
export async function run(words: readonly string[], host: Host): Promise<number> {
  try {
    const line = readCommandLine(words);
    await runCommandLine(line, host);
    return 0;
  } catch (error) {
    host.stderr(`overcli: ${messageOf(error)}\n`);
    return error instanceof Failure ? error.exitCode : 1;
  }
}

async function runCommandLine(line: CommandLine, host: Host): Promise<void> {
  const { command } = line;
  if (command.name === 'help') return host.stdout(usage);
  if (command.name === 'version') return host.stdout(`overcli ${overcliVersion}\n`);
  const queueOf = (endpoint: Endpoint): ReportQueue =>
    new ReportQueue(queueRoots(host.env, host.uid), queueTarget(endpoint));
  if (command.name === 'monitor') return watch(command, line, host, queueOf);
  const log = createLog(line.verbosity, (text) => host.stderr(`overcli: ${text}\n`));
  const endpoint = endpointOf(line.server, line.serverId, host.env.OVERCLI_ENROLLMENT_TOKEN);
  const client = new Client(log);
  const delivery = { endpoint, client, queue: queueOf(endpoint), log };
  try {
    if (command.name === 'ping') await ping(delivery);
    else await report(command, delivery, host);
  } finally {
    client.close();
  }
}

async function ping(delivery: Delivery): Promise<void> {
  const { log } = delivery;
  await post(delivery, '/api/ping', {});
  await sendQueued(delivery).catch((error: unknown) =>
    log.warn(`cannot send what is queued: ${messageOf(error)}`),
  );
}

function report(
  command: Extract<Command, { name: 'service-status' | 'alert' }>,
  delivery: Delivery,
  host: Host,
): Promise<void> {
  const interrupted = new Promise<never>((_, reject) => {
    host.onSignal((name) => reject(new Failure('unsent', `ended by ${name}`)));
  });
  interrupted.catch(() => {});
  const made =
    command.name === 'alert'
      ? alertReport(command.message, command.service)
      : statusReport(command.periodS, [{ name: command.service, state: command.state, info: command.info }]);
  return deliver({ ...delivery, interrupted }, made);
}

async function watch(
  command: Extract<Command, { name: 'monitor' }>,
  { verbosity }: CommandLine,
  host: Host,
  queueOf: (endpoint: Endpoint) => ReportQueue,
): Promise<void> {
  // Only this command needs what runs commands.
  const { runMonitor } = await import('./monitor/run-monitor.ts');
  let reload = (): void => {};
  const ended = new Promise<void>((resolve) => {
    host.onSignal((name) => (name === 'SIGHUP' ? reload() : resolve()));
  });
  await runMonitor(command, {
    log: createLog(verbosity, (text) => host.stderr(`${new Date().toISOString()} ${text}\n`)),
    print: host.stdout,
    queueOf,
    ended,
    onReload: (look) => {
      reload = look;
    },
  });
}
