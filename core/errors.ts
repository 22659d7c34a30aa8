import type { Json } from 'opsbro/sdk';

/**
 * Every error code OpsBro raises, with its one-line meaning. A code is never reused; each is documented in `core/README.md`
 * by the convention test that reads this table, and provoked by a test.
 */
export const errorCatalogue = {
  // configuration
  OPSBRO_CONFIG_SYNTAX: 'a file is not valid YAML',
  OPSBRO_CONFIG_UNKNOWN_KEY: 'an object has a key its kind does not know',
  OPSBRO_CONFIG_TYPE: 'a value has the wrong type or is out of range',
  OPSBRO_CONFIG_MISSING_KEY: 'an object lacks a key its kind requires',
  OPSBRO_CONFIG_DUPLICATE_ID: 'two objects of one directory have the same id',
  OPSBRO_CONFIG_DUPLICATE_KEY: 'a YAML mapping names a key twice; the last one wins',
  OPSBRO_CONFIG_UNKNOWN_PLUGIN: 'an object names a plugin that does not exist',
  OPSBRO_CONFIG_UNKNOWN_PARAMETER: 'an expression names a parameter its pack does not have',
  OPSBRO_CONFIG_UNKNOWN_COLLECTOR: 'an expression names a collector that does not exist',
  OPSBRO_CONFIG_UNKNOWN_MACRO: 'a $macro$ resolves to nothing',
  OPSBRO_CONFIG_UNKNOWN_HANDLER: 'a check names a handler that is not configured',
  OPSBRO_CONFIG_UNKNOWN_GROUP: 'an object is for a group that nothing can give',
  OPSBRO_CONFIG_DEPENDENCY: 'a check depends on what does not exist, or on itself',
  OPSBRO_CONFIG_UNREADABLE: 'a file or directory cannot be read',
  OPSBRO_CONFIG_UNSAFE: 'a file could be changed by somebody else than its owner or root',
  OPSBRO_CONFIG_TOO_LARGE: 'a file, a set of files or an alias expansion is over its limit',
  OPSBRO_CONFIG_NOT_FOUND: 'a configuration directory does not exist',
  // expressions
  OPSBRO_EXPRESSION_SYNTAX: 'an expression does not parse',
  OPSBRO_EXPRESSION_UNSUPPORTED: 'an expression uses a construct outside the language',
  OPSBRO_EXPRESSION_UNKNOWN_NAME: 'an expression names something that does not exist',
  OPSBRO_EXPRESSION_UNKNOWN_FUNCTION: 'an expression calls a function that does not exist',
  OPSBRO_EXPRESSION_TYPE: 'an operation got a value of the wrong type',
  OPSBRO_EXPRESSION_VALUE: 'an operation got a value it cannot take, such as a zero divisor',
  OPSBRO_EXPRESSION_LIMIT: 'an expression reached a size limit',
  OPSBRO_EXPRESSION_TIMEOUT: 'an evaluation used up its CPU time',
  OPSBRO_EXPRESSION_KILLED: 'an evaluation did not end and its thread was terminated',
  OPSBRO_EXPRESSION_MEMORY: 'an evaluation ran out of memory',
  OPSBRO_EXPRESSION_FUNCTION: 'a function called by an expression failed',
  OPSBRO_EXPRESSION_ROUNDS: 'an expression needed too many rounds of host functions',
  // plugins
  OPSBRO_PLUGIN_MANIFEST: 'a plugin.yml is not a valid manifest',
  OPSBRO_PLUGIN_BUNDLE: 'the files of a plugin cannot be made one script',
  OPSBRO_PLUGIN_IMPORT: 'the code of a plugin cannot be loaded',
  OPSBRO_PLUGIN_NO_VERB: 'the code of a plugin lacks the verb of its kind',
  OPSBRO_PLUGIN_FAILED: 'a verb threw',
  OPSBRO_PLUGIN_TIMEOUT: 'a verb did not end before its timeout',
  OPSBRO_PLUGIN_EXITED: 'a thread ended while a verb ran in it',
  OPSBRO_PLUGIN_MEMORY: 'a thread ran out of memory while a verb ran in it',
  OPSBRO_PLUGIN_RESULT: 'a verb returned something that is not plain data within the limits',
  OPSBRO_PLUGIN_STATE: 'ctx.state is not plain JSON or is over 256 KiB',
  OPSBRO_PLUGIN_LATE: 'a plugin threw after its verb had returned',
  OPSBRO_PLUGIN_COLLATERAL: 'a run was lost because another plugin took its thread down',
  OPSBRO_PLUGIN_QUARANTINED: 'a plugin is kept from running for what it did',
  OPSBRO_PLUGIN_DENIED: 'a sandboxed plugin asked for what its permissions do not cover',
  OPSBRO_PLUGIN_BUDGET: 'a sandboxed run went over one of the limits of its plugin',
  OPSBRO_PLUGIN_PENDING: 'a third-party plugin waits for approval',
  OPSBRO_PLUGIN_LOCK: 'what is kept of a plugin is not what was approved',
  OPSBRO_PLUGIN_SERVICE_FAILED: 'a service failed too often and is no longer restarted',
  // the host, as plugins see it
  OPSBRO_HOST_NOT_FOUND: 'a path does not exist',
  OPSBRO_HOST_DENIED: 'the operating system refused access to a path',
  OPSBRO_HOST_IO: 'reading a path or running a program failed',
  OPSBRO_HOST_TOO_LARGE: 'a file or an output is over its limit',
  OPSBRO_HOST_NETWORK: 'a connection could not be made, or broke off',
  OPSBRO_HOST_TEMPLATE: 'a template cannot be rendered',
  OPSBRO_HOST_DELIVERY: 'a service did not take a notification',
  // the agent
  OPSBRO_AGENT_LOCKED: 'another agent uses the data directory',
  OPSBRO_AGENT_DATA: 'the data directory cannot be used',
  OPSBRO_AGENT_FORMAT: 'the data directory was written by a newer version',
  OPSBRO_AGENT_START: 'an agent that a command started did not come up',
  OPSBRO_AGENT_NOT_RUNNING: 'no agent answers on the socket',
  OPSBRO_AGENT_STORE: 'the store cannot be written',
  OPSBRO_AGENT_BUSY: 'a bounded queue is full',
  OPSBRO_AGENT_NO_GOSSIP: 'the service gossip does not run in the agent',
  // control routes and the CLI
  OPSBRO_API_NOT_FOUND: 'a route or an object does not exist',
  OPSBRO_API_INVALID: 'a request is malformed',
  OPSBRO_API_DENIED: 'a request comes without the rights it needs',
  OPSBRO_API_DEADLINE: 'a request was not answered in time',
  OPSBRO_CLI_USAGE: 'a command was given wrong arguments',
  OPSBRO_CLI_TIMEOUT: 'a wait-* command ran out of time',
} as const;

/** A code of the catalogue. Match on it, never on class or text. */
export type ErrorCode = keyof typeof errorCatalogue;

/**
 * An error as plain data: what crosses a thread border, since `postMessage` loses an Error's code. `data` of a failed delivery may hold
 * `retryAfterMs`, and `permanent: true` where trying again is no use.
 */
export interface PlainError {
  code: string;
  message: string;
  data?: Json;
}

/** An error with a code of the catalogue. `message` says where, what was found, what to do; lower case, no final dot. */
export class OpsbroError extends Error {
  readonly code: ErrorCode;
  readonly data: Json | undefined;

  constructor(code: ErrorCode, message: string, options: { data?: Json; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OpsbroError';
    this.code = code;
    this.data = options.data;
  }
}

/**
 * Turns anything thrown into plain data, reading only own, primitive fields, so hostile errors run no code here.
 * `fallback` is the code when the thrown value carries none.
 */
export function plainError(thrown: unknown, fallback: ErrorCode): PlainError {
  const field = (name: string): unknown => {
    if (typeof thrown !== 'object' || thrown === null) return undefined;
    try {
      return (thrown as Record<string, unknown>)[name];
    } catch {
      return undefined;
    }
  };
  const code = field('code');
  const message = field('message');
  const text = typeof message === 'string' ? message : typeof thrown === 'string' ? thrown : 'unknown error';
  const retryAfterMs = field('retryAfterMs');
  const data: Json = {
    ...(Number.isFinite(retryAfterMs) && { retryAfterMs: retryAfterMs as number }),
    ...(field('permanent') === true && { permanent: true }),
  };
  return {
    code: typeof code === 'string' && code.startsWith('OPSBRO_') ? code : fallback,
    message: text.slice(0, 1024),
    ...(Object.keys(data).length > 0 && { data }),
  };
}
