import type {
  Context,
  FunctionContext,
  HttpRequest,
  Json,
  JsonObject,
  TcpConnection,
  TcpOptions,
} from 'opsbro/sdk';
import { OpsbroError } from '../core/errors.ts';
import { Denials } from '../sandbox/grants/denials.ts';
import { matchesExec } from '../sandbox/grants/exec-pattern.ts';
import { parseHost } from '../sandbox/grants/host-pattern.ts';
import { matchesHttp } from '../sandbox/grants/http-pattern.ts';
import { matchesPath } from '../sandbox/grants/path-pattern.ts';
import { readGrants } from '../sandbox/grants/permissions.ts';
import { matchesTcp } from '../sandbox/grants/tcp-pattern.ts';
import type { HostCallParts, HostCalls } from '../sandbox/model.ts';

type Call = (args: Json[]) => Promise<Json | undefined> | Json | undefined;

/**
 * The host of a run in a plugin's own test: what the test's `ctx` has recorded answers, as far as the manifest's permissions cover what is
 * asked. So a test fails for a permission that lacks, as the plugin would.
 */
export function recordedCalls(parts: HostCallParts, ctx: Context | FunctionContext): HostCalls {
  const grants = readGrants(parts.permissions);
  const denials = new Denials(parts.denied);
  const path = ([given]: Json[]): string => {
    const asked = String(given);
    if (!grants.read.some((pattern) => matchesPath(pattern, asked))) denials.deny('read', asked, asked);
    return asked;
  };
  const calls: { [name: string]: Call } = {
    readText: (args) => ctx.readText(path(args), boundsOf(args[1])),
    tryReadText: (args) => ctx.tryReadText(path(args), boundsOf(args[1])),
    readLines: (args) => ctx.readLines(path(args), boundsOf(args[1])),
    readBytes: async (args) => [...(await ctx.readBytes(path(args), Number(args[1]), Number(args[2])))],
    list: async (args) => (await ctx.list(path(args))).map((entry) => ({ ...entry })),
    stat: async (args) => plain(await ctx.stat(path(args))),
    statFileSystem: async (args) => plain(await ctx.statFileSystem(path(args))),
    http: async ([given]) => {
      const request = given as unknown as HttpRequest;
      const url = new URL(request.url);
      if (!grants.http.some((pattern) => matchesHttp(pattern, url)))
        denials.deny('http', url.origin, url.origin);
      return plain(await ctx.http(request));
    },
    exec: async ([file, args, options]) => {
      const words = (args ?? []) as string[];
      const line = [String(file), ...words].join(' ');
      if (!grants.exec.some((pattern) => matchesExec(pattern, String(file), words)))
        denials.deny('exec', line, line);
      return plain(await ctx.exec(String(file), words, (options ?? {}) as object));
    },
    ...keys(ctx, (name) => {
      if (!grants.kv.some((prefix) => name.startsWith(prefix))) denials.deny('kv', name, name);
    }),
    env: ([name]) => denials.deny('env', String(name), String(name)),
    ...connections(ctx, (host, port) => {
      const parsed = parseHost(host);
      if (parsed === undefined || !grants.tcp.some((pattern) => matchesTcp(pattern, parsed, port)))
        denials.deny('tcp', `${host}:${port}`, `${host}:${port}`);
    }),
  };
  return {
    async call(name, args) {
      const call = Object.hasOwn(calls, name) ? calls[name] : undefined;
      if (call === undefined) throw new OpsbroError('OPSBRO_PLUGIN_DENIED', `ctx.${name} cannot be recorded`);
      return (await call(args)) ?? null;
    },
    close: () => undefined,
  };
}

function keys({ kv }: Context | FunctionContext, allow: (key: string) => void): { [name: string]: Call } {
  const key = ([given]: Json[]): string => {
    allow(String(given));
    return String(given);
  };
  return {
    'kv.get': (args) => kv.get(key(args)),
    'kv.put': (args) => kv.put(key(args), args[1] ?? null).then(() => null),
    'kv.delete': (args) => kv.delete(key(args)).then(() => null),
    'kv.list': (args) => kv.list(key(args)),
  };
}

function connections(
  ctx: Context | FunctionContext,
  allow: (host: string, port: number) => void,
): { [name: string]: Call } {
  const open: TcpConnection[] = [];
  const at = (id: Json | undefined): TcpConnection => {
    const found = open[Number(id)];
    if (found === undefined) throw new OpsbroError('OPSBRO_HOST_NETWORK', 'no such connection');
    return found;
  };
  return {
    'tcp.connect': async ([host, port, options]) => {
      allow(String(host), Number(port));
      const connection = await ctx.tcp(String(host), Number(port), (options ?? {}) as TcpOptions);
      const { certificate } = connection;
      return { id: open.push(connection) - 1, ...(certificate && { certificate: plain(certificate) }) };
    },
    'tcp.write': ([id, text]) =>
      at(id)
        .write(String(text))
        .then(() => null),
    'tcp.read': ([id, options]) => at(id).read((options ?? {}) as object),
    'tcp.close': ([id]) => {
      at(id).close();
      return null;
    },
  };
}

function boundsOf(options: Json | undefined): { maxBytes?: number } {
  return (options ?? {}) as { maxBytes?: number };
}

function plain(value: object | undefined): Json {
  return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as JsonObject);
}
