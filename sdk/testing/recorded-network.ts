import type { HttpRequest, HttpResponse, Network, TlsCertificate } from '../network.ts';
import { HostError } from './host-error.ts';

/** What a recorded service answers: status 200 and an empty text where nothing else is said; an Error is thrown; `hang` never answers. */
export type RecordedAnswer = Partial<HttpResponse> | Error | 'hang';

/** Answers by `METHOD URL`, or a function of the request. */
export type RecordedHttp = { [request: string]: RecordedAnswer } | ((request: HttpRequest) => RecordedAnswer);

/** The other side of a connection: what it says, piece by piece, one for each `read`. An Error refuses the connection. */
export type RecordedConversation = { says: string[]; certificate?: TlsCertificate } | Error;

/** A network of recordings, and what was sent into it. */
export type RecordedNetwork = Network & { requests: HttpRequest[]; written: string[] };

/** Builds the part of a fixture context that stands for the network. */
export function recordedNetwork(
  given: { http?: RecordedHttp; tcp?: { [hostAndPort: string]: RecordedConversation } },
  signal: AbortSignal,
): RecordedNetwork {
  const requests: HttpRequest[] = [];
  const written: string[] = [];
  return {
    requests,
    written,
    async http(request) {
      signal.throwIfAborted();
      requests.push(request);
      const method = request.method ?? ((request.bytes ?? request.body) === undefined ? 'GET' : 'POST');
      const line = `${method} ${request.url}`;
      const answer = typeof given.http === 'function' ? given.http(request) : given.http?.[line];
      if (answer === undefined) throw new HostError('OPSBRO_HOST_NETWORK', `${line}: not recorded`);
      if (answer === 'hang') return untilAborted(signal);
      if (answer instanceof Error) throw answer;
      return {
        status: 200,
        headers: {},
        text: '',
        truncated: false,
        url: request.url,
        durationMs: 0,
        ...answer,
      };
    },
    async tcp(host, port) {
      signal.throwIfAborted();
      const recorded = given.tcp?.[`${host}:${port}`];
      if (recorded === undefined) throw new HostError('OPSBRO_HOST_NETWORK', `${host}:${port}: not recorded`);
      if (recorded instanceof Error) throw recorded;
      const { says, certificate } = recorded;
      const left = [...says];
      return {
        ...(certificate !== undefined && { certificate }),
        write: async (text) => void written.push(text),
        read: async () => left.shift() ?? '',
        close: () => undefined,
      };
    },
  };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
