import type { DirectoryEntry, HttpRequest, Json, JsonObject } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';
import { createHostFiles } from '../../threads/context/host-files.ts';
import type { Errand, HostCallParts, HostCalls } from '../model.ts';
import {
  dataOf,
  field,
  invalid,
  numberOf,
  objectOf,
  optionalFlag,
  optionalNumber,
  optionalText,
  textOf,
  textsOf,
} from './arguments.ts';
import { Connections, timeoutOf } from './connections.ts';
import { Denials } from './denials.ts';
import { matchesExec } from './exec-pattern.ts';
import { createFileGate } from './file-gate.ts';
import { maxKeyBytes, maxValueBytes } from './keys.ts';
import { createGuardedNetwork, type Resolve } from './network.ts';
import { type Grants, readGrants } from './permissions.ts';
import { matchesWord } from './wildcard.ts';

/** One function of `ctx`, by the name it has there. */
export type Call = (args: Json[]) => Promise<Json>;

/** Of a path, bytes. */
export const longestPath = 4096;
const maxFileBytes = 4 * 2 ** 20;
/** As a list of numbers a byte is several characters on its way. */
const maxPieceBytes = 64 * 1024;
const maxBodyBytes = 2 ** 20;
const maxAnswerBytes = 4 * 2 ** 20;
const maxLines = 200_000;
/** Of one entry of a directory on its way, beside the name. */
const entryBytes = 32;
const maxHeaders = 64;
const maxWords = 256;
const maxWordBytes = 4096;
const defaultBytes = 2 ** 20;

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
/** Headers that would lead a request elsewhere than its URL says, or belong to the connection. */
const ownHeaders =
  /^(host|connection|keep-alive|transfer-encoding|content-length|upgrade|expect|te|trailer|proxy-.*|sec-.*)$/i;

/** Opens the host for one run of a sandboxed plugin. `resolve` is the resolver of names; a test gives its own. */
export function createHostCalls(parts: HostCallParts, resolve?: Resolve): HostCalls {
  const grants = readGrants(parts.permissions);
  const denials = new Denials(parts.denied);
  const network = guardedNetwork(parts, grants, denials, resolve);
  const open = new Connections(network.tcp);
  const calls = new Map<string, Call>([
    ...fileCalls(parts, grants, denials),
    ['http', async ([request]) => ({ ...(await network.http(requestOf(request))) })],
    ['tcp.connect', (args) => open.connect(args)],
    ['tcp.write', (args) => open.write(args)],
    ['tcp.read', (args) => open.read(args)],
    ['tcp.close', (args) => open.close(args)],
    ['exec', (args) => parts.errand(execErrand(args, grants, denials))],
    ['env', async ([name]) => variable(textOf(name, 'name', 256), parts, grants, denials) ?? null],
    ...keyCalls(parts, grants, denials),
    [
      'render',
      async () => denials.refuse('templates run outside of the sandbox; bundle an engine of your own'),
    ],
  ]);
  return {
    call: async (name, args) => {
      parts.signal.throwIfAborted();
      const call = calls.get(name) ?? invalid('ctx has no such function');
      if (args.length > 8) invalid('more arguments than any call takes');
      return await call(args);
    },
    close: () => open.closeAll(),
  };
}

function guardedNetwork(
  parts: HostCallParts,
  grants: Grants,
  denials: Denials,
  resolve: Resolve | undefined,
) {
  const { data, signal, looks } = parts;
  // Certificates are the agent's own files, not those of the host that it looks at.
  const own = { ...data, hostProc: '/proc', hostSys: '/sys', hostRoot: '/' };
  const files = createHostFiles(own, signal, looks, createFileGate(grants.read, own, denials));
  return createGuardedNetwork({
    grants,
    denials,
    signal,
    env: (name) => (Object.hasOwn(data.environment, name) ? data.environment[name] : undefined),
    readCertificates: (path) => files.readText(path),
    ...(resolve && { resolve }),
  });
}

function fileCalls(
  { data, signal, looks }: HostCallParts,
  grants: Grants,
  denials: Denials,
): [string, Call][] {
  const files = createHostFiles(data, signal, looks, createFileGate(grants.read, data, denials));
  const path = (args: Json[]): string => textOf(args[0], 'path', longestPath);
  return [
    ['readText', (args) => files.readText(path(args), boundsOf(args))],
    ['tryReadText', async (args) => (await files.tryReadText(path(args), boundsOf(args))) ?? null],
    ['readLines', async (args) => linesOf(await files.readText(path(args), boundsOf(args)))],
    [
      'readBytes',
      async (args) => {
        const { offset, length } = pieceOf(args);
        return [...(await files.readBytes(path(args), offset, length))];
      },
    ],
    ['list', async (args) => entriesOf(await files.list(path(args)))],
    ['stat', async (args) => plain(await files.stat(path(args)))],
    ['statFileSystem', async (args) => plain(await files.statFileSystem(path(args)))],
  ];
}

/** What `ctx.readBytes` is given behind the path. */
export function pieceOf(args: Json[]): { offset: number; length: number } {
  const offset = numberOf(args[1], 'offset', 0, Number.MAX_SAFE_INTEGER);
  return { offset, length: numberOf(args[2], 'length', 0, maxPieceBytes) };
}

/** What `ctx.readText` and its like are given behind the path. */
export function boundsOf(args: Json[]): { maxBytes: number } {
  return { maxBytes: maxBytesOf(objectOf(args[1], 'options', ['maxBytes']), maxFileBytes) };
}

/** As a list each line takes more than its text, in a thread that others share. */
function linesOf(text: string): string[] {
  const lines = text.split('\n', maxLines + 2);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length > maxLines)
    throw new OpsbroError('OPSBRO_HOST_TOO_LARGE', `the file has over ${maxLines} lines`);
  return lines;
}

function entriesOf(entries: readonly DirectoryEntry[]): Json {
  const bytes = entries.reduce((total, { name }) => total + Buffer.byteLength(name) + entryBytes, 0);
  if (bytes > maxAnswerBytes)
    throw new OpsbroError(
      'OPSBRO_HOST_TOO_LARGE',
      `the names in the directory come to over ${maxAnswerBytes} bytes`,
    );
  return entries.map(({ name, type }) => ({ name, type }));
}

function plain(found: object | undefined): Json {
  return found === undefined ? null : ({ ...found } as JsonObject);
}

function maxBytesOf(options: JsonObject, most: number): number {
  return optionalNumber(options, 'maxBytes', { least: 1, most, otherwise: defaultBytes });
}

/** The request that `ctx.http` was given. */
export function requestOf(value: Json | undefined): HttpRequest {
  const request = objectOf(value, 'request', [
    'url',
    'method',
    'headers',
    'body',
    'timeoutMs',
    'maxBytes',
    'maxRedirects',
    'caFile',
    'verifyTls',
  ]);
  const url = textOf(field(request, 'url'), 'url', 8192);
  const method = optionalText(request, 'method', 16)?.toUpperCase();
  if (method !== undefined && !methods.includes(method))
    invalid(`method must be one of ${methods.join(', ')}`);
  const body = optionalText(request, 'body', maxBodyBytes, dataOf);
  const caFile = optionalText(request, 'caFile', longestPath);
  return {
    url,
    headers: headersOf(request),
    timeoutMs: timeoutOf(request),
    maxBytes: maxBytesOf(request, maxAnswerBytes),
    maxRedirects: optionalNumber(request, 'maxRedirects', { least: 0, most: 10, otherwise: 0 }),
    verifyTls: optionalFlag(request, 'verifyTls', true),
    ...(method !== undefined && { method }),
    ...(body !== undefined && { body }),
    ...(caFile !== undefined && { caFile }),
  };
}

function headersOf(request: JsonObject): { [name: string]: string } {
  const given = field(request, 'headers') ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) invalid('headers must be an object');
  const entries = Object.entries(given);
  if (entries.length > maxHeaders) invalid(`more than ${maxHeaders} headers`);
  for (const [name, value] of entries) {
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name)) invalid('a name of a header is no token');
    if (ownHeaders.test(name)) invalid(`the header ${name} is not for plugins to set`);
    if (/[^\t\x20-\x7e\x80-\xff]/.test(textOf(value, name, 8192)))
      invalid(`the header ${name} contains what a header cannot`);
  }
  return Object.fromEntries(entries) as { [name: string]: string };
}

/** The program that `ctx.exec` was given, as far as the grants go. */
export function execErrand(args: Json[], grants: Grants, denials: Denials): Errand {
  const file = textOf(args[0], 'file', longestPath);
  const words = textsOf(args[1] ?? [], 'args', maxWords, maxWordBytes);
  const options = objectOf(args[2], 'options', ['timeoutMs', 'maxBytes', 'stdin']);
  if (!grants.exec.some((pattern) => matchesExec(pattern, file, words)))
    denials.deny('exec', [file, ...words].join(' '), [file, ...words].join(' '));
  if (!file.startsWith('/'))
    throw new OpsbroError('OPSBRO_HOST_NOT_FOUND', 'give a program by its absolute path');
  const stdin = optionalText(options, 'stdin', maxBodyBytes, dataOf);
  return {
    type: 'exec',
    file,
    args: words,
    timeoutMs: timeoutOf(options),
    maxBytes: maxBytesOf(options, defaultBytes),
    ...(stdin !== undefined && { stdin }),
  };
}

function variable(
  name: string,
  { data }: HostCallParts,
  grants: Grants,
  denials: Denials,
): string | undefined {
  if (!grants.env.some(({ word }) => matchesWord(word, name))) denials.deny('env', name, name);
  return Object.hasOwn(data.environment, name) ? data.environment[name] : undefined;
}

/** `ctx.kv`, as far as the grants go. */
export function keyCalls(
  { errand }: Pick<HostCallParts, 'errand'>,
  grants: Grants,
  denials: Denials,
): [string, Call][] {
  const keyOf = (args: Json[], name: string): string => {
    const key = textOf(args[0], name, maxKeyBytes);
    if (!grants.kv.some((prefix) => key.startsWith(prefix))) denials.deny('kv', key, key);
    return key;
  };
  return [
    ['kv.get', (args) => errand({ type: 'kv', op: 'get', key: keyOf(args, 'key') })],
    ['kv.delete', (args) => errand({ type: 'kv', op: 'delete', key: keyOf(args, 'key') })],
    ['kv.list', (args) => errand({ type: 'kv', op: 'list', key: keyOf(args, 'prefix') })],
    [
      'kv.put',
      async (args) => {
        const key = keyOf(args, 'key');
        const value = args[1] ?? null;
        if (Buffer.byteLength(JSON.stringify(value)) > maxValueBytes)
          invalid(`the value of ${key} is over ${maxValueBytes} bytes`);
        return await errand({ type: 'kv', op: 'put', key, value });
      },
    ],
  ];
}
