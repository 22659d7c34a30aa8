import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../store/level.ts';
import { HandClock } from '../core/schedule/test-clock.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'opsbro-level-'));
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

/** Runs a script in a process of its own, with `openStore` and the scratch directory at hand; its lines can be read one by one. */
function runStore(script: string, prefix: string[] = []) {
  const module = fileURLToPath(new URL('../../dist/store/level.js', import.meta.url));
  const code = `import { openStore } from ${JSON.stringify(module)};
    import { createInterface } from 'node:readline';
    const path = ${JSON.stringify(join(scratch, 'db'))};
    const commands = createInterface(process.stdin)[Symbol.asyncIterator]();
    const say = (...words) => console.log(words.join(' '));
    ${script}`;
  const [file = '', ...args] = [...prefix, process.execPath, '--input-type=module', '-e', code];
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return { child, line: async () => (await lines.next()).value as string };
}

describe('openStore', () => {
  it('reads back what a put resolved for, by key and by prefix', async () => {
    const store = await openStore(scratch);
    await store.put({
      put: [
        ['check/b', { state: 'ok' }],
        ['check/a', [1, null, 'x']],
        ['checks', 0],
        ['check/é', '\u0000'],
      ],
    });
    await store.put({ put: [['check/c', true]], del: ['check/b'] });
    expect(await store.get('check/b')).toBeUndefined();
    expect(await store.entries('check/')).toEqual([
      ['check/a', [1, null, 'x']],
      ['check/c', true],
      ['check/é', '\u0000'],
    ]);
    expect((await store.entries('')).length).toBe(4);
    await store.close();
    await store.close();
    await expect(store.put({ del: ['x'] })).rejects.toMatchObject({ code: 'OPSBRO_AGENT_STORE' });
    await expect(store.get('x')).rejects.toMatchObject({ code: 'OPSBRO_AGENT_STORE' });
  });

  it('syncs once for everything that waits together', async () => {
    const store = await openStore(scratch);
    const puts = Array.from({ length: 500 }, (_, index) => store.put({ put: [[`k${index}`, index]] }));
    await Promise.all(puts);
    expect(store.figures()).toMatchObject({ batches: 500, dropped: 0, writable: true });
    expect(store.figures().syncs).toBeLessThan(10);
    await store.close();
  });

  it('keeps the order of lazy and exact writes of one key', async () => {
    const store = await openStore(scratch);
    const lazy = store.putLazy({ put: [['k', 1]] });
    const exact = store.put({ put: [['k', 2]] });
    const last = store.putLazy({ put: [['k', 3]] });
    await Promise.all([lazy, exact, last]);
    expect(await store.get('k')).toBe(3);
    await store.close();
  });

  it('takes values as they are at the call, hostile keys included', async () => {
    const store = await openStore(scratch);
    const value = { n: 1 };
    const put = store.put({
      put: [
        ['__proto__', value],
        ['k', JSON.parse('{"__proto__": 1}')],
      ],
    });
    value.n = 2;
    await put;
    expect(await store.get('__proto__')).toEqual({ n: 1 });
    expect(Object.keys((await store.get('k')) as object)).toEqual(['__proto__']);
    await store.close();
  });

  it('refuses what its queue cannot hold, and goes on', async () => {
    const store = await openStore(scratch, { maxQueued: 3 });
    const fits = store.put({
      put: [
        ['a', 1],
        ['b', 1],
        ['c', 1],
      ],
    });
    const lazy = store.putLazy({ put: [['e', 1]] });
    await expect(store.put({ put: [['d', 1]] })).rejects.toMatchObject({ code: 'OPSBRO_AGENT_BUSY' });
    await lazy;
    expect(store.figures().dropped).toBe(1);
    await fits;
    await store.put({ put: [['d', 1]] });
    await store.close();
  });

  it('leaves out an entry it cannot read, and counts it', async () => {
    const { ClassicLevel } = await import('classic-level');
    const raw = new ClassicLevel(scratch);
    await raw.batch([
      { type: 'put', key: 'a', value: '{"torn' },
      { type: 'put', key: 'b', value: '2' },
    ]);
    await raw.close();
    const store = await openStore(scratch);
    expect(await store.entries('')).toEqual([['b', 2]]);
    expect(await store.get('a')).toBeUndefined();
    expect(store.figures().unreadable).toBe(2);
    await store.close();
  });

  it('copies everything to another directory', async () => {
    const store = await openStore(join(scratch));
    await store.put({
      put: [
        ['a', 1],
        ['b', 2],
      ],
    });
    await store.copyTo(join(scratch, 'copy'));
    await store.close();
    const copy = await openStore(join(scratch, 'copy'));
    expect(await copy.entries('')).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    await copy.close();
  });

  it('writes nothing of what nobody waits for any more: it came too late, or not at all', async () => {
    const clock = new HandClock();
    const store = await openStore(scratch, { clock });
    await store.put({ put: [['k', 1]] });
    const inTime = store.putOrNothing({ put: [['a', 1]] }, 100);
    await inTime;
    const deadline = { code: 'OPSBRO_AGENT_STORE', message: expect.stringContaining('within 100 ms') };
    const underWay = store.putOrNothing({ put: [['k', 2]], del: ['a'] }, 100);
    const waiting = store.putOrNothing({ put: [['b', 1]] }, 100);
    const after = store.put({ put: [['c', 1]] });
    // The first is with the disk by then.
    await Promise.resolve();
    clock.advance(100);
    await expect(underWay).rejects.toMatchObject(deadline);
    await expect(waiting).rejects.toMatchObject(deadline);
    await after;
    expect(await store.entries('')).toEqual([
      ['a', 1],
      ['c', 1],
      ['k', 1],
    ]);
    expect(store.figures()).toMatchObject({ writable: true, dropped: 0 });
    await store.close();
    await expect(store.putOrNothing({ del: ['a'] }, 100)).rejects.toMatchObject({
      code: 'OPSBRO_AGENT_STORE',
    });
  });

  it('keeps nothing of what was to be written whole when the disk is full', async () => {
    const { child, line } = runStore(
      `let recovered;
      const recovery = new Promise((resolve) => { recovered = resolve; });
      const store = await openStore(path, { onTrouble: (error) => error === null && recovered(), retryMs: 5 });
      await store.put({ put: [['changed', 'before'], ['removed', 'before']] });
      const text = 'x'.repeat(20_000);
      const whole = () => store.putOrNothing({ put: [['changed', text], ['new', text]], del: ['removed'] }, 60_000);
      const refused = [];
      for (let n = 0; refused.length === 0; n += 1) await whole().then(
        () => store.put({ put: [['changed', 'before'], ['removed', 'before']], del: ['new'] }),
        (error) => refused.push(error.code),
      );
      await whole().catch((error) => refused.push(error.code));
      say(...refused);
      await commands.next();
      await recovery;
      await store.flush();
      say(JSON.stringify(await store.entries('')));
      await store.close();
      say('closed', store.figures().dropped);`,
      ['prlimit', '--fsize=200000:unlimited'],
    );
    expect(await line()).toBe('OPSBRO_AGENT_STORE OPSBRO_AGENT_STORE');
    await once(spawn('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited'], { stdio: 'inherit' }), 'exit');
    child.stdin.write('go\n');
    const kept = [
      ['changed', 'before'],
      ['removed', 'before'],
    ];
    expect(JSON.parse(await line())).toEqual(kept);
    expect(await line()).toBe('closed 0');
    const store = await openStore(join(scratch, 'db'));
    expect(await store.entries('')).toEqual(kept);
    await store.close();
  });

  it('keeps every acknowledged put over a kill -9', async () => {
    const { child, line } = runStore(`
      const store = await openStore(path);
      for (let n = 0; ; n += 1) { await store.put({ put: [['k' + n, n]] }); say(n); }`);
    let last = -1;
    while (last < 50) last = Number(await line());
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (let more = await line(); more !== undefined; more = await line()) last = Number(more);
    const store = await openStore(join(scratch, 'db'));
    const kept = new Map(await store.entries('k'));
    for (let n = 0; n <= last; n += 1) expect(kept.get(`k${n}`)).toBe(n);
    await store.close();
  });

  it('reports a disk that is full once, goes on, and writes what waited when there is room again', async () => {
    // A file size limit gives the kernel's own refusal to any user, as a full disk does.
    const { child, line } = runStore(
      `let recovered;
      const recovery = new Promise((resolve) => { recovered = resolve; });
      const trouble = (error) => {
        say('trouble', error === null ? 'over' : error.code);
        if (error === null) recovered();
      };
      const store = await openStore(path, { onTrouble: trouble, retryMs: 5 });
      const text = 'x'.repeat(20_000);
      let acknowledged = 0;
      let refused = 0;
      for (let n = 0; n < 40; n += 1) {
        await store.put({ put: [['k' + n, text + Math.random()]] }).then(() => (acknowledged += 1), (error) => {
          if (error.code === 'OPSBRO_AGENT_STORE') refused += 1;
        });
      }
      await store.putLazy({ put: [['lazy', 1]] });
      say('full', acknowledged, refused, store.figures().writable);
      await commands.next();
      await recovery;
      await store.flush();
      await store.close();
      say('closed', store.figures().dropped);`,
      ['prlimit', '--fsize=200000:unlimited'],
    );
    expect(await line()).toBe('trouble OPSBRO_AGENT_STORE');
    const [word, acknowledged, refused, writable] = (await line()).split(' ');
    expect([word, Number(acknowledged) + Number(refused), writable]).toEqual(['full', 40, 'false']);
    expect(Number(acknowledged)).toBeGreaterThan(5);
    await once(spawn('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited'], { stdio: 'inherit' }), 'exit');
    child.stdin.write('go\n');
    expect(await line()).toBe('trouble over');
    expect(await line()).toBe('closed 0');
    const store = await openStore(join(scratch, 'db'));
    expect((await store.entries('k')).length).toBe(40);
    expect(await store.get('lazy')).toBe(1);
    await store.close();
  });

  it('tries no more once it is closed, also when the disk fails while it closes', async () => {
    const script = `let timers = 0;
      const after = () => {
        timers += 1;
        return () => (timers -= 1);
      };
      const store = await openStore(path, { clock: { now: () => 0, monotonic: () => 0, after } });
      const refused = store.put({ put: [['k', 'x'.repeat(300_000)]] }).catch((error) => say(error.code));
      await store.close();
      await refused;
      say('timers', timers, 'lost', store.figures().dropped);`;
    const { line } = runStore(script, ['prlimit', '--fsize=200000:unlimited']);
    expect([await line(), await line()]).toEqual(['OPSBRO_AGENT_STORE', 'timers 0 lost 1']);
  });

  it('tries once more when it closes, and counts what is lost', async () => {
    const script = `const store = await openStore(path, { retryMs: 3_600_000 });
      for (let n = 0; n < 20; n += 1) await store.put({ put: [['k' + n, 'x'.repeat(20_000) + Math.random()]] }).catch(() => {});
      say('full', store.figures().writable);
      await commands.next();
      await store.close();
      say('closed', store.figures().writable, store.figures().dropped > 0);`;
    for (const hasRoom of [false, true]) {
      const { child, line } = runStore(script, ['prlimit', '--fsize=200000:unlimited']);
      expect(await line()).toBe('full false');
      if (hasRoom)
        await once(
          spawn('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited'], { stdio: 'inherit' }),
          'exit',
        );
      child.stdin.write('go\n');
      expect(await line()).toBe(hasRoom ? 'closed true false' : 'closed false true');
    }
    const store = await openStore(join(scratch, 'db'));
    expect((await store.entries('k')).length).toBe(20);
    await store.close();
  });
});
