import type { Context, FunctionContext, HttpRequest, Json, JsonObject } from 'opsbro/sdk';
import { OpsbroError } from '../core/errors.ts';
import { textOf } from '../sandbox/grants/arguments.ts';
import { Connections } from '../sandbox/grants/connections.ts';
import { Denials } from '../sandbox/grants/denials.ts';
import {
  boundsOf,
  type Call,
  execErrand,
  keyCalls,
  longestPath,
  pieceOf,
  requestOf,
} from '../sandbox/grants/host-calls.ts';
import { parseHost } from '../sandbox/grants/host-pattern.ts';
import { matchesHttp } from '../sandbox/grants/http-pattern.ts';
import { matchesPath } from '../sandbox/grants/path-pattern.ts';
import { type Grants, readGrants } from '../sandbox/grants/permissions.ts';
import { matchesTcp } from '../sandbox/grants/tcp-pattern.ts';
import type { Errand, HostCallParts, HostCalls } from '../sandbox/model.ts';

type TestHost = Context | FunctionContext;

/**
 * The host of a run in a plugin's own test: what the test's `ctx` has recorded answers, as far as the manifest's permissions cover what is
 * asked, and as far as the host would take the arguments. So a test fails for a permission that lacks, as the plugin would.
 */
export function recordedCalls(parts: HostCallParts, ctx: TestHost): HostCalls {
  const grants = readGrants(parts.permissions);
  const denials = new Denials(parts.denied);
  const open = connections(ctx, grants, denials);
  const errand = (asked: Errand): Promise<Json> => runErrand(asked, ctx);
  const calls = new Map<string, Call>([
    ...fileCalls(ctx, grants, denials),
    [
      'http',
      async ([given]) => {
        const url = new URL(requestOf(given).url);
        if (!grants.http.some((pattern) => matchesHttp(pattern, url)))
          denials.deny('http', url.origin, url.origin);
        // As the plugin gave it: the test looks at it.
        return plain(await ctx.http(given as unknown as HttpRequest));
      },
    ],
    ['exec', async (args) => errand(execErrand(args, grants, denials))],
    ...keyCalls({ errand }, grants, denials),
    ['env', async ([name]) => denials.deny('env', String(name), String(name))],
    ['tcp.connect', (args) => open.connect(args)],
    ['tcp.write', (args) => open.write(args)],
    ['tcp.read', (args) => open.read(args)],
    ['tcp.close', (args) => open.close(args)],
  ]);
  return {
    async call(name, args) {
      const call = calls.get(name);
      if (call === undefined) throw new OpsbroError('OPSBRO_PLUGIN_DENIED', `ctx.${name} cannot be recorded`);
      return await call(args);
    },
    close: () => open.closeAll(),
  };
}

function fileCalls(ctx: TestHost, grants: Grants, denials: Denials): [string, Call][] {
  const path = ([given]: Json[]): string => {
    const asked = textOf(given, 'path', longestPath);
    if (!grants.read.some((pattern) => matchesPath(pattern, asked))) denials.deny('read', asked, asked);
    return asked;
  };
  return [
    ['readText', async (args) => ctx.readText(path(args), boundsOf(args))],
    ['tryReadText', async (args) => (await ctx.tryReadText(path(args), boundsOf(args))) ?? null],
    ['readLines', async (args) => ctx.readLines(path(args), boundsOf(args))],
    [
      'readBytes',
      async (args) => {
        const { offset, length } = pieceOf(args);
        return [...(await ctx.readBytes(path(args), offset, length))];
      },
    ],
    ['list', async (args) => (await ctx.list(path(args))).map((entry) => ({ ...entry }))],
    ['stat', async (args) => plain(await ctx.stat(path(args)))],
    ['statFileSystem', async (args) => plain(await ctx.statFileSystem(path(args)))],
  ];
}

function connections(ctx: TestHost, grants: Grants, denials: Denials): Connections {
  return new Connections(async (host, port, options) => {
    const parsed = parseHost(host);
    if (parsed === undefined || !grants.tcp.some((pattern) => matchesTcp(pattern, parsed, port)))
      denials.deny('tcp', `${host}:${port}`, `${host}:${port}`);
    return await ctx.tcp(host, port, options);
  });
}

async function runErrand(asked: Errand, { exec, kv }: TestHost): Promise<Json> {
  if (asked.type === 'exec') {
    const { type: _, file, args, ...options } = asked;
    return plain(await exec(file, args, options));
  }
  const { op, key } = asked;
  if (op === 'list') return await kv.list(key);
  if (op === 'get') return (await kv.get(key)) ?? null;
  await (op === 'put' ? kv.put(key, asked.value) : kv.delete(key));
  return null;
}

function plain(value: object | undefined): Json {
  return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as JsonObject);
}
