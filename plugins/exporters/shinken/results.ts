import type { Host, Service } from './hosts.ts';
import { firstBytes, outputText, perfdataText } from './text.ts';

/** What Linux writes into a pipe in one piece: a longer line could be torn by another writer. */
export const pipeBytes = 4096;

/** One result: what it is about, and what to write. A newer one of the same key takes its place. */
export interface Result {
  key: string;
  /** Without the time in front and the line end. */
  command: string;
}

const stampBytes = '[1234567890] \n'.length;

/** What is told of a host: DOWN of a dead node, UP of one that is alive; nothing of a suspect and of one that left. */
export function hostResult({ uuid, state }: Host): Result | null {
  if (state !== 'alive' && state !== 'dead') return null;
  const text = state === 'alive' ? '0;the agent is alive' : '1;the agent is dead: it stopped answering';
  return { key: uuid, command: `PROCESS_HOST_CHECK_RESULT;${uuid};${text}` };
}

/** What is told of a service; null when its state is not known. */
export function serviceResult(uuid: string, { name, code, output, perfdata }: Service): Result | null {
  if (code === null) return null;
  const head = `PROCESS_SERVICE_CHECK_RESULT;${uuid};${name};${code};`;
  const room = pipeBytes - stampBytes - Buffer.byteLength(head);
  const figures = wholeFigures(perfdataText(perfdata), Math.floor(room / 2));
  const tail = figures === '' ? '' : `|${figures}`;
  return {
    key: `${uuid};${name}`,
    command: head + firstBytes(outputText(output), room - Buffer.byteLength(tail)) + tail,
  };
}

/** All that can be told of a host now; of who is gone nothing about its checks, which are of the past. */
export function resultsOf(host: Host): Result[] {
  const isGone = host.state === 'dead' || host.state === 'leave';
  const services = isGone ? [] : host.services;
  return [hostResult(host), ...services.map((service) => serviceResult(host.uuid, service))].filter(
    (result) => result !== null,
  );
}

/** The line of a command. */
export function commandLine({ command }: Result, atMs: number): string {
  return `[${Math.floor(atMs / 1000)}] ${command}\n`;
}

/** Leaves figures out from the end, as wholes, until the rest fits. */
function wholeFigures(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const kept = firstBytes(text, bytes);
  return kept.slice(0, Math.max(0, kept.lastIndexOf(' '))).trim();
}
