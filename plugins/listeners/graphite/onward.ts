import { join } from 'node:path';
import type { ServiceContext } from 'opsbro/sdk';
import { Forwarder } from './forward/forwarder.ts';
import type { Options, Settings } from './options.ts';
import { LabelMaker } from './remote-write/labels.ts';
import { RemoteWriter } from './remote-write/remote-writer.ts';

/** Those that points are sent on to, as far as the options name any. */
export interface Onwards {
  forwarder: Forwarder | undefined;
  remoteWriter: RemoteWriter | undefined;
}

/** What may come with every request is said once a minute. */
const tellEveryMs = 60_000;
const frequent = ['forward-dropped', 'forward-refused'];

/** Opens the queues, below a folder, and begins to send. */
export async function openOnwards(
  ctx: ServiceContext<Options>,
  settings: Settings,
  folder: string,
): Promise<Onwards> {
  const { destinations, forward, queueBytes, endpoints, remote_write: remote, remoteQueueBytes } = settings;
  const { http, log, clock } = ctx;
  const tell = teller(ctx);
  const note = (message: string): void => log.info(message);
  const forwarder =
    destinations.length === 0
      ? undefined
      : new Forwarder({
          folder: join(folder, 'forward'),
          destinations,
          isPickle: forward.protocol === 'pickle',
          copies: forward.copies,
          maxBytes: queueBytes,
          tell,
          note,
        });
  await forwarder?.open();
  const { headers, verify_tls: verifyTls, ca_file: caFile } = remote;
  const remoteWriter =
    endpoints.length === 0
      ? undefined
      : new RemoteWriter({
          folder: join(folder, 'remote-write'),
          endpoints,
          request: {
            headers,
            verifyTls,
            timeoutMs: settings.remoteTimeoutMs,
            ...(caFile !== '' && { caFile }),
          },
          labels: new LabelMaker(remote.rules, remote.labels),
          maxBytes: remoteQueueBytes,
          http,
          now: () => clock.now(),
          tell,
          note,
        });
  await remoteWriter?.open();
  return { forwarder, remoteWriter };
}

function teller({ log, emit, clock }: ServiceContext<Options>): (topic: string, message: string) => void {
  const told = new Map<string, number>();
  return (topic, message) => {
    const now = clock.monotonic();
    if (frequent.includes(topic)) {
      const key = `${topic} ${message.split(' ')[0]}`;
      if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < tellEveryMs) return;
      told.set(key, now);
    }
    log.warn(message);
    emit(topic, { message });
  };
}
