import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AgentHandle, startAgent } from '../../core/agent.ts';
import { packageRoot } from '../../core/assembly.ts';
import { openDataDirectory } from '../../store/data-directory.ts';

let scratch: string;
let data: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-start-'));
  data = join(scratch, 'data');
});

afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function start(): Promise<AgentHandle> {
  return startAgent({
    config: [join(packageRoot, 'config.d')],
    data,
    logLevel: 'error',
  });
}

/** Threads, sockets and files of this process that keep it alive or hold the data directory. */
function threads(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'MessagePort' || name === 'Worker')
    .length;
}

describe('startAgent', () => {
  it('releases the directory and every thread when it cannot listen', async () => {
    const before = threads();
    mkdirSync(join(data, 'run', 'opsbro.sock', 'in-the-way'), { recursive: true });
    await expect(start()).rejects.toThrow();
    const again = await openDataDirectory(data);
    await again.close();
    expect(threads()).toBeLessThanOrEqual(before);
  });

  it('releases the directory when its uuid cannot be read', async () => {
    mkdirSync(join(data, 'uuid'), { recursive: true });
    await expect(start()).rejects.toMatchObject({ code: 'OPSBRO_AGENT_DATA' });
    const again = await openDataDirectory(data);
    await again.close();
  });

  it('stops while its first reload runs, with everything released', async () => {
    const agent = await start();
    agent.reload();
    agent.stop('a test');
    agent.stop('a test');
    agent.reload();
    expect(await agent.stopped).toBe(0);
    const again = await openDataDirectory(data);
    await again.close();
  });

  it('runs everything once and ends when it is asked to', async () => {
    const config = join(scratch, 'config.d');
    mkdirSync(config);
    writeFileSync(join(config, 'one.yml'), 'check:\n  id: one\n  ok_output: "\'fine\'"\n');
    const agent = await startAgent({
      config: [join(packageRoot, 'config.d'), config],
      data,
      logLevel: 'error',
      oneShot: true,
    });
    expect(await agent.stopped).toBe(0);
    const { store, close } = await openDataDirectory(data);
    expect(await store.get('check/local/check/one')).toMatchObject({ state: 'ok', output: 'fine' });
    await close();
  });
});
