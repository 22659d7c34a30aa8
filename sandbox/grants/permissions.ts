import type { Permissions } from 'opsbro/sdk';
import { type ExecPattern, includesExec, parseExecPattern } from './exec-pattern.ts';
import { type HttpPattern, includesHttp, parseHttpPattern } from './http-pattern.ts';
import { includesPath, type PathPattern, parsePathPattern } from './path-pattern.ts';
import { includesTcp, parseTcpPattern, type TcpPattern } from './tcp-pattern.ts';
import { hidden, includesWord, parseWord, type Word } from './wildcard.ts';

/** A name with `*`, of a variable of the environment. */
export interface NamePattern {
  text: string;
  word: Word;
}

/** The permissions of a manifest, ready to be compared with. */
export interface Grants {
  read: readonly PathPattern[];
  http: readonly HttpPattern[];
  tcp: readonly TcpPattern[];
  exec: readonly ExecPattern[];
  env: readonly NamePattern[];
  kv: readonly string[];
}

/** What a permission may be for. */
export type GrantKind = keyof Permissions;

/** In the order in which people are told of them. */
export const grantKinds: readonly GrantKind[] = ['read', 'http', 'tcp', 'exec', 'env', 'kv'];

/** Patterns of one kind; more would make each call of the plugin slow. */
const maxPatterns = 100;
const maxPrefixBytes = 256;

const parsers: { [Kind in GrantKind]-?: (text: string) => Grants[Kind][number] } = {
  read: parsePathPattern,
  http: parseHttpPattern,
  tcp: parseTcpPattern,
  exec: parseExecPattern,
  env: parseName,
  kv: parsePrefix,
};

const inclusions: {
  [Kind in GrantKind]-?: (outer: Grants[Kind][number], inner: Grants[Kind][number]) => boolean;
} = {
  read: includesPath,
  http: includesHttp,
  tcp: includesTcp,
  exec: includesExec,
  env: (outer, inner) => includesWord(outer.word, inner.word),
  kv: (outer, inner) => inner.startsWith(outer),
};

/** Reads permissions that were validated. Throws an Error for a bad pattern. */
export function readGrants(permissions: Permissions): Grants {
  const read = <Kind extends GrantKind>(kind: Kind): Grants[Kind] =>
    (permissions[kind] ?? []).map((text) => parsers[kind](text)) as unknown as Grants[Kind];
  return {
    read: read('read'),
    http: read('http'),
    tcp: read('tcp'),
    exec: read('exec'),
    env: read('env'),
    kv: read('kv'),
  };
}

/** What is wrong with the permissions of a manifest, each with the place of the pattern in them. */
export function permissionProblems(
  permissions: Permissions,
): { path: [GrantKind, number]; message: string }[] {
  return grantKinds.flatMap((kind) =>
    (permissions[kind] ?? []).flatMap((text, index): { path: [GrantKind, number]; message: string }[] => {
      if (index === maxPatterns)
        return [
          { path: [kind, index], message: `permission '${kind}' has more than ${maxPatterns} patterns` },
        ];
      try {
        parsers[kind](text);
        return [];
      } catch (thrown) {
        const shown = text.slice(0, 100).replaceAll(/\p{Cc}/gu, '?');
        const message = `permission '${kind}': '${shown}' ${(thrown as Error).message}`;
        return [{ path: [kind, index], message }];
      }
    }),
  );
}

/** Patterns of `inner` of one kind that no single pattern of `outer` includes. Conservative: it may name one that several cover together. */
export function beyond<Kind extends GrantKind>(kind: Kind, outer: Permissions, inner: Permissions): string[] {
  const includes = inclusions[kind] as (outer: unknown, inner: unknown) => boolean;
  const approved = (outer[kind] ?? []).map((text) => parsers[kind](text));
  return (inner[kind] ?? []).filter((text) => {
    const wanted = parsers[kind](text);
    return !approved.some((pattern) => includes(pattern, wanted));
  });
}

function parseName(text: string): NamePattern {
  if (!/^[A-Za-z0-9_*]{1,256}$/.test(text))
    throw new Error('is no name of a variable; write POSTFIX_HOME or POSTFIX_*');
  return { text, word: parseWord(text, '*') };
}

function parsePrefix(text: string): string {
  // Without its first step it would reach into many of the spaces that bounds are kept for.
  const isWhole = text.includes('/') && Buffer.byteLength(text) <= maxPrefixBytes;
  if (!isWhole || text.includes('*') || hidden.test(text))
    throw new Error(
      `is no prefix of keys; write its first step with a /, at most ${maxPrefixBytes} bytes without *, such as postfix/`,
    );
  return text;
}
