import { connect, type Socket } from 'node:net';

/** What a load came to. */
export interface HttpLoad {
  perSecond: number;
  latenciesMs: number[];
  /** Answers other than 200 and 202. */
  refused: number;
}

const deadlineMs = 30_000;

/** Sends prepared requests over so many connections for so long, each the next as soon as the last one is answered. */
export async function httpLoad(
  port: number,
  requests: readonly Buffer[],
  { connections, seconds }: { connections: number; seconds: number },
): Promise<HttpLoad> {
  const load: HttpLoad = { perSecond: 0, latenciesMs: [], refused: 0 };
  let next = 0;
  const take = (): Buffer => {
    next += 1;
    return requests[next % requests.length] as Buffer;
  };
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  await Promise.all(
    Array.from({ length: connections }, () => client(port, take, () => performance.now() < endMs, load)),
  );
  load.perSecond = load.latenciesMs.length / ((performance.now() - startedMs) / 1000);
  return load;
}

/** A request as it goes over the wire. */
export function requestOf(method: string, path: string, type: string, body: string): Buffer {
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function client(port: number, take: () => Buffer, goesOn: () => boolean, load: HttpLoad): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let sentMs = 0;
    let answer = '';
    const send = (): void => {
      if (!goesOn()) {
        socket.destroy();
        resolve();
        return;
      }
      sentMs = performance.now();
      socket.write(take());
    };
    socket.setTimeout(deadlineMs, () => socket.destroy(new Error('no answer within 30 s')));
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      const head = answer.indexOf('\r\n\r\n');
      if (head === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0);
      if (answer.length < head + 4 + length) return;
      load.latenciesMs.push(performance.now() - sentMs);
      if (!/^HTTP\/1\.1 20[02]/.test(answer)) load.refused += 1;
      answer = '';
      send();
    });
  });
}
