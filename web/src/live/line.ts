import type { Line, LineEvents } from './feed.ts';

/** The stream of the agent that served this page. */
export function openLine(query: string, { opened, message, closed }: LineEvents): Line {
  const url = new URL(`../api/v1/stream${query}`, document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url);
  socket.onopen = opened;
  socket.onmessage = ({ data }) => message(String(data));
  socket.onclose = closed;
  return { close: () => socket.close() };
}
