import { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigClient, type ConfigWorker } from '../../configuration/client.ts';
import type { ConfigPlan } from '../../configuration/model.ts';
import { systemClock } from '../../core/clock.ts';
import type { ConfigReply, ConfigRequest } from '../../threads/protocol.ts';
import { HandClock } from '../core/schedule/test-clock.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const plan = { generation: 9, start: [], kept: 1 } as unknown as ConfigPlan;

/** A thread that answers only when told. */
class HandWorker extends EventEmitter implements ConfigWorker {
  readonly requests: ConfigRequest[] = [];
  ended = false;
  postMessage(request: ConfigRequest): void {
    this.requests.push(request);
  }
  answer(reply: ConfigReply): void {
    this.emit('message', reply);
  }
  crash(): void {
    this.emit('error', new Error('crashed'));
    this.emit('exit');
  }
  async terminate(): Promise<void> {
    this.ended = true;
    this.emit('exit');
  }
  unref(): void {}
}

function make(): { client: ConfigClient; workers: HandWorker[]; clock: HandClock } {
  const workers: HandWorker[] = [];
  const clock = new HandClock();
  const client = new ConfigClient({
    directories: { config: ['/c'], plugins: { manifests: '/m', modules: '/j' }, locks: [] },
    clock,
    startWorker: () => {
      workers.push(new HandWorker());
      return workers.at(-1)!;
    },
  });
  return { client, workers, clock };
}

describe('the client of the configuration thread', () => {
  it('starts the thread on demand, numbers the generations itself, and ends it after a minute of rest', async () => {
    const { client, workers, clock } = make();
    expect(workers).toHaveLength(0);
    const first = client.load([]);
    workers[0]!.answer({ type: 'loaded', id: 1, plan });
    expect((await first).generation).toBe(1);
    clock.advance(59_000);
    expect(workers[0]!.ended).toBe(false);
    clock.advance(1000);
    expect(workers[0]!.ended).toBe(true);
    const second = client.load([]);
    workers[1]!.answer({ type: 'loaded', id: 2, plan });
    expect((await second).generation).toBe(2);
  });

  it('is warmed once, and not ended while a request is under way', async () => {
    const { client, workers, clock } = make();
    client.warm();
    client.warm();
    expect(workers[0]!.requests).toMatchObject([{ type: 'warm' }]);
    workers[0]!.answer({ type: 'warmed', id: 1 });
    await Promise.resolve();
    const loading = client.load([]);
    clock.advance(59_000);
    expect(workers[0]!.ended).toBe(false);
    workers[0]!.answer({ type: 'loaded', id: 2, plan });
    await loading;
  });

  it('asks a new thread once when the first crashes, then gives up', async () => {
    const { client, workers } = make();
    const loading = client.load([]);
    workers[0]!.crash();
    expect(workers[1]!.requests).toEqual(workers[0]!.requests);
    workers[1]!.answer({ type: 'loaded', id: 1, plan });
    expect((await loading).kept).toBe(1);
    const doomed = client.show('x');
    workers[1]!.crash();
    workers[2]!.crash();
    await expect(doomed).rejects.toMatchObject({ code: 'OPSBRO_PLUGIN_EXITED' });
  });

  it('ends a thread that does not answer in time', async () => {
    const { client, workers, clock } = make();
    const slow = client.load([]);
    clock.advance(179_999);
    expect(workers[0]!.ended).toBe(false);
    clock.advance(1);
    await expect(slow).rejects.toMatchObject({ code: 'OPSBRO_API_DEADLINE' });
    expect(workers[0]!.ended).toBe(true);
    expect(workers).toHaveLength(1);
  });

  it('passes on what the thread refuses, with its code', async () => {
    const { client, workers } = make();
    const compiling = client.compile('1 +', 'opsbro');
    workers[0]!.answer({
      type: 'refused',
      id: 1,
      error: { code: 'OPSBRO_EXPRESSION_SYNTAX', message: 'ends' },
    });
    await expect(compiling).rejects.toMatchObject({ code: 'OPSBRO_EXPRESSION_SYNTAX', message: 'ends' });
  });

  it('refuses more requests than it can hold, and all after it stopped', async () => {
    const { client } = make();
    const held = Array.from({ length: 64 }, () => client.show(null).catch((error: unknown) => error));
    await expect(client.show(null)).rejects.toMatchObject({ code: 'OPSBRO_AGENT_BUSY' });
    await client.stop();
    expect(await Promise.all(held)).toMatchObject(Array(64).fill({ code: 'OPSBRO_PLUGIN_EXITED' }));
    await expect(client.show(null)).rejects.toMatchObject({ code: 'OPSBRO_AGENT_BUSY' });
  });
});

describe('the configuration thread', () => {
  const scratch: string[] = [];
  const clients: ConfigClient[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.stop();
    for (const path of scratch.splice(0)) rmSync(path, { recursive: true, force: true });
  });

  function real(files: { [name: string]: string }): { client: ConfigClient; folder: string } {
    const folder = mkdtempSync(join(tmpdir(), 'opsbro-thread-'));
    scratch.push(folder);
    for (const pack of ['a', 'b']) mkdirSync(join(folder, pack));
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(folder, name), text, { mode: 0o644 });
    const client = new ConfigClient({
      directories: {
        config: [folder],
        plugins: { manifests: join(root, 'plugins'), modules: join(root, 'dist', 'plugins') },
        locks: [],
      },
      clock: systemClock,
    });
    clients.push(client);
    return { client, folder };
  }

  it('loads, compiles and shows in a real thread', async () => {
    const { client } = real({ 'a/cpu.yml': 'check: {critical_if: "1 > 2", password: {x: 1}}\n' });
    client.warm();
    const loaded = await client.load([]);
    expect(loaded.diagnostics).toEqual([]);
    expect(loaded.start.map(({ id }) => id)).toContain('a/check/cpu');
    expect((await client.compile('1 + 1', 'opsbro')).program.kind).toBe('value');
    await expect(client.compile('1 +', 'opsbro')).rejects.toMatchObject({ code: 'OPSBRO_EXPRESSION_SYNTAX' });
    const [shown] = await client.show('a/check/cpu');
    expect(shown?.keys).toContainEqual(
      expect.objectContaining({ key: 'critical_if', value: '1 > 2', origin: 'file' }),
    );
  });

  it('compiles before it was ever asked to load', async () => {
    const { client } = real({ 'agent.yml': 'variables: {x: 4}\n' });
    expect((await client.compile('{{configuration.x}} + 1', 'opsbro')).program.constants).toContain(4);
  });

  it('compiles as an expression of a check, with its parameters and data', async () => {
    const check = 'check: {critical_if: "{{configuration.limits.high}} > 9", limits: {high: 3}}\n';
    const { client } = real({
      'agent.yml': 'variables: {x: 4}\n',
      'a/parameters.yml': 'low: 5\n',
      'a/cpu.yml': check,
      'a/load.yml': check,
      'b/load.yml': check,
      'a/board.yml': 'dashboard: {title: t, content: {text: {value: "1"}}}\n',
    });
    const all = '[{{parameters.low}}, {{configuration.limits.high}}, {{configuration.x}}]';
    expect((await client.compile(all, 'opsbro', 'cpu')).program.constants).toEqual([5, 3, 4]);
    expect((await client.compile(all, 'opsbro', 'a/check/load')).program.constants).toEqual([5, 3, 4]);
    const shown = '[{{parameters.low}}, {{configuration.x}}]';
    expect((await client.compile(shown, 'opsbro', 'a/dashboard/board')).program.constants).toEqual([5, 4]);
    await expect(client.compile(all, 'opsbro', 'cpuu')).rejects.toMatchObject({
      code: 'OPSBRO_API_NOT_FOUND',
      message: "no check 'cpuu'; did you mean 'cpu'?",
    });
    await expect(client.compile(all, 'opsbro', 'load')).rejects.toMatchObject({
      code: 'OPSBRO_API_INVALID',
      message: "check 'load' is ambiguous: a/check/load, b/check/load; use the full id",
    });
  });

  it('looks again at a half-written file before it reports it', async () => {
    const { client, folder } = real({ 'a/cpu.yml': 'check: {critical_if: "1 > 2"}\n' });
    const running = (await client.load([])).start.map(({ id, digest, place }) => ({
      id,
      digest,
      file: place.file,
    }));
    writeFileSync(join(folder, 'a/cpu.yml'), 'check: {critical_if: "1 >');
    const loading = client.load(running);
    // The thread is busy with its first look by the time this is written, or has not begun: both see the whole file.
    await client
      .show('agent')
      .then(() => writeFileSync(join(folder, 'a/cpu.yml'), 'check: {critical_if: "1 > 3"}\n'));
    const mended = await loading;
    expect(mended.diagnostics).toEqual([]);
    expect(mended.restart.map(({ id }) => id)).toEqual(['a/check/cpu']);
  });
});
