import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DgramSocket } from 'node-unix-socket';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AgentView } from '../../control/shapes.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

let scratch: string;
let socket: DgramSocket;
let agent: RealAgent | undefined;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-notify-'));
  socket = new DgramSocket();
});

afterEach(async () => {
  await agent?.dispose();
  socket.close();
  rmSync(scratch, { recursive: true, force: true });
});

it('tells systemd that it is ready after its first round and not before, then of a reload, life and its stop', async () => {
  const path = join(scratch, 'notify');
  const told: string[] = [];
  socket.on('data', (data: Buffer) => void told.push(String(data).split('\n')[0] as string));
  socket.bind(path);
  agent = await startRealAgent({ env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: '200000' } });
  const running = agent;
  const state = async () => (await running.get<AgentView>('/api/v1/agent')).state;
  await running.until('READY', async () => told.includes('READY=1'));
  expect(await state()).toBe('running');
  expect(told.filter((line) => line !== 'WATCHDOG=1')).toEqual(['READY=1']);
  await running.post('/api/v1/agent/reload');
  await running.until('the reload', async () => told.includes('RELOADING=1'));
  await running.until('life', async () => told.filter((line) => line === 'WATCHDOG=1').length > 3);
  expect(await running.stop()).toBe(0);
  expect(told.filter((line) => line !== 'WATCHDOG=1').at(-1)).toBe('STOPPING=1');
});
