import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TcpConnection } from '../network.ts';
import type { Json, JsonObject } from '../values.ts';
import { type FixtureContext, fixtureContext } from './fixture-context.ts';
import { hostContext } from './host-context.ts';
import { HostError } from './host-error.ts';
import { testClock } from './test-clock.ts';

/** One call of the host and what came of it. Bytes are base64; an absent `value` is undefined. */
interface Answer {
  value?: Json;
  bytes?: string;
  error?: { code: string; message: string };
}

/** What a recording's file holds: when it was made, and the answers to each call in the order in which they came. */
interface Recording {
  at: number;
  calls: { [asked: string]: Answer[] };
  /** Variables that were asked for; null for one that was not there. */
  env?: { [name: string]: string | null };
}

type Ask = (name: string, args: unknown[], work: () => Promise<unknown>) => Promise<unknown>;

const recorded = [
  'readText',
  'tryReadText',
  'readLines',
  'readBytes',
  'list',
  'stat',
  'statFileSystem',
  'exec',
  'http',
] as const;

/**
 * A context that answers as this host did when it was recorded. With `RECORD_HOST=1` in the environment every call goes to the real host and
 * its answer into the file; without it the file answers, at the time it was made, and a call that is not in it fails with what was asked. A
 * call that was made several times is answered in that order, then by its last answer.
 * @example
 * const ctx = recordHost(new URL('testdata/web1.json', import.meta.url), { options: { path: '/var/spool' } });
 * expect(await runVerb(plugin, ctx)).toMatchObject({ status: 'done', value: { depth: 3 } });
 */
export function recordHost<Options = JsonObject>(
  file: string | URL,
  given: { options?: Options; state?: JsonObject; name?: string } = {},
): FixtureContext<Options> {
  const path = typeof file === 'string' ? file : fileURLToPath(file);
  const isRecording = process.env.RECORD_HOST === '1';
  if (!isRecording && !existsSync(path))
    throw new Error(`${path} is not there: run the test once with RECORD_HOST=1, on the host it is to be of`);
  const recording: Recording = isRecording
    ? { at: Date.now(), calls: {} }
    : (JSON.parse(readFileSync(path, 'utf8')) as Recording);
  const fixture = fixtureContext<Options>({ ...given, clock: testClock(recording.at) });
  const host = hostContext();
  const ask: Ask = isRecording ? recorder(path, recording) : replayer(path, recording);
  const methods = Object.fromEntries(
    recorded.map((name) => [
      name,
      (...args: unknown[]) => {
        fixture.signal.throwIfAborted();
        return ask(name, args, () => (host[name] as (...words: unknown[]) => Promise<unknown>)(...args));
      },
    ]),
  );
  return Object.assign(fixture, methods, {
    tcp: (...args: Parameters<typeof host.tcp>) => connect(ask, args, () => host.tcp(...args)),
    env: (name: string) => {
      if (!isRecording) return recording.env?.[name] ?? undefined;
      recording.env = { ...recording.env, [name]: host.env(name) ?? null };
      save(path, recording);
      return host.env(name);
    },
  });
}

function recorder(path: string, recording: Recording): Ask {
  return async (name, args, work) => {
    const answer: Answer = {};
    let outcome: { value: unknown } | { thrown: unknown };
    try {
      outcome = { value: await work() };
      if (outcome.value instanceof Uint8Array) answer.bytes = Buffer.from(outcome.value).toString('base64');
      else if (outcome.value !== undefined) answer.value = outcome.value as Json;
    } catch (thrown) {
      outcome = { thrown };
      const { code = 'OPSBRO_HOST_IO', message } = thrown as HostError;
      answer.error = { code, message };
    }
    const asked = keyOf(name, args);
    recording.calls[asked] = [...(recording.calls[asked] ?? []), answer];
    save(path, recording);
    if ('thrown' in outcome) throw outcome.thrown;
    return outcome.value;
  };
}

function save(path: string, recording: Recording): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(recording, null, 2)}\n`);
}

function replayer(path: string, { calls }: Recording): Ask {
  const turns = new Map<string, number>();
  return async (name, args) => {
    const asked = keyOf(name, args);
    const answers = Object.hasOwn(calls, asked) ? calls[asked] : undefined;
    const turn = turns.get(asked) ?? 0;
    turns.set(asked, turn + 1);
    const answer = answers?.[Math.min(turn, answers.length - 1)];
    if (answer === undefined)
      throw new Error(`${asked} is not recorded in ${path}; record it again with RECORD_HOST=1`);
    if (answer.error !== undefined) throw new HostError(answer.error.code, answer.error.message);
    return answer.bytes === undefined ? answer.value : new Uint8Array(Buffer.from(answer.bytes, 'base64'));
  };
}

/** `readText("/proc/stat")`; options that are not given are no difference. */
function keyOf(name: string, args: unknown[]): string {
  const given = args.filter((arg) => arg !== undefined && JSON.stringify(arg) !== '{}');
  return `${name}(${given.map((arg) => JSON.stringify(arg)).join(', ')})`;
}

async function connect(
  ask: Ask,
  args: unknown[],
  open: () => Promise<TcpConnection>,
): Promise<TcpConnection> {
  let real: TcpConnection | undefined;
  const certificate = await ask('tcp', args, async () => {
    real = await open();
    return real.certificate;
  });
  const on = async (what: string, words: unknown[], work: (real: TcpConnection) => Promise<unknown>) =>
    ask(`tcp.${what}`, [args[0], args[1], ...words], () => work(real as TcpConnection));
  return {
    ...(certificate !== undefined && {
      certificate: certificate as NonNullable<TcpConnection['certificate']>,
    }),
    write: async (text) => void (await on('write', [text], (connection) => connection.write(text))),
    read: async (options) =>
      (await on('read', [options], (connection) => connection.read(options))) as string,
    close: () => real?.close(),
  };
}
