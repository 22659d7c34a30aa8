import type { AlertRow, ServerFacts, ServiceFacts } from '../model.ts';

/** What plugins are told of an alert, as at the moment of sending. */
export function alertText(
  { channel, event, message }: Pick<AlertRow, 'channel' | 'event' | 'message'>,
  server: Pick<ServerFacts, 'title'>,
  service: Pick<ServiceFacts, 'title' | 'current'> | undefined,
): string {
  const of = service === undefined ? server.title : `${server.title} ${service.title}`;
  const current = service?.current;
  const now = current == null ? '' : `Current: ${current.state}: ${current.info}\n`;
  return `${of}: [${channel}/${event}] ${message}\n${now}`;
}
