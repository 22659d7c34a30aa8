import type { RouteReply } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';
import { copyTree, resultLimits } from './tree.ts';

const maxBytes = 16 * 1024 * 1024;
/** A media type and perhaps its version and character set, no more: it becomes a header. */
const mediaType = /^[a-z]+\/[\w.+-]{1,64}(; ?(charset|version)=[\w.-]{1,32}){0,2}$/i;

const printable = /^[\x20-\x7e]{1,2048}$/;

/** What a plugin may say of an answer. A redirection stays below the path that was asked for, so it leads to no other site. */
const allowedHeaders: { [name: string]: RegExp } = {
  'cache-control': printable,
  etag: printable,
  'content-security-policy': printable,
  'cross-origin-resource-policy': printable,
  'content-encoding': /^gzip$/,
  location: /^[\w~-][\w./~-]{0,1024}$/,
};

/**
 * What a plugin answered a route with, made safe to hand on: plain data within the limits of results, or bytes with memory of their own. Throws
 * OPSBRO_PLUGIN_RESULT for anything else.
 */
export function plainReply(reply: RouteReply | undefined): RouteReply {
  const given = Number(reply?.status);
  const status = Number.isInteger(given) && given >= 200 && given <= 599 ? given : 200;
  const body = reply?.body;
  const headers = headersOf(reply?.headers);
  if (!(body instanceof Uint8Array)) return { status, body: copyTree(body, resultLimits).value, ...headers };
  if (body.byteLength > maxBytes)
    throw new OpsbroError(
      'OPSBRO_PLUGIN_RESULT',
      `an answer of ${body.byteLength} bytes; at most ${maxBytes} are taken`,
    );
  const type = String(reply?.type ?? '');
  return { status, body: owned(body), ...(mediaType.test(type) && { type }), ...headers };
}

function headersOf(given: RouteReply['headers']): Pick<RouteReply, 'headers'> {
  const allowed = Object.entries(given ?? {}).filter(
    ([name, value]) => Object.hasOwn(allowedHeaders, name) && allowedHeaders[name]?.test(value) === true,
  );
  return allowed.length === 0 ? {} : { headers: Object.fromEntries(allowed) };
}

/** A piece of a larger memory, as small Buffers are, is copied: the rest of that memory is somebody else's. */
export function owned(bytes: Uint8Array): Uint8Array {
  const isWhole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  return isWhole ? bytes : new Uint8Array(bytes);
}
