import { once } from 'node:events';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { agentDirectory, pause, spawnAgent } from '../bench/agent.ts';
import { pick, randomFrom, type Soak } from './result.ts';

const states = ['ok', 'warning', 'critical', 'unknown'] as const;
const checks = ['a', 'b', 'c'];
const deadlineMs = 60_000;
/** What the launcher tells an agent whose predecessor was killed from outside: no plugin is to blame. */
const endedByKill = { OPSBRO_ENDED_WITH: '137' };

interface Told {
  key: string;
  check: string;
  state: string;
}

/**
 * 300 times a check changes its state and the agent dies by `kill -9` at a random moment around it. What the webhook is told must be what an
 * agent that lives would tell: each change once, in order, no false recovery; twice only right after a kill, with the same key.
 */
export const soak: Soak = async ({ share, seed, say }) => {
  const random = randomFrom(seed);
  const rounds = Math.max(30, Math.round(300 * share));
  const scratch = agentDirectory();
  const told: Told[] = [];
  const sink = await listen(told);
  const files = configuration(scratch, sink);
  const expected: Told[] = [];
  const found: string[] = [];
  let kills = 0;
  const current = new Map<string, number>(checks.map((check) => [check, 0]));
  for (const check of checks) setCode(scratch, check, 0);
  for (let round = 1; round <= rounds && found.length < 5; round += 1) {
    const agent = spawnAgent(files, ['--no-supervise'], scratch, endedByKill);
    const check = pick(checks, random);
    const next = pick(
      [0, 1, 2, 3].filter((code) => code !== current.get(check)),
      random,
    );
    // The change may come before the agent is there, while it starts, or while it runs; so may the kill.
    await pause(random() * 2500);
    current.set(check, next);
    setCode(scratch, check, next);
    expected.push({ key: '', check, state: states[next] ?? '' });
    await pause(random() * 3000);
    const ended = once(agent.child, 'exit');
    agent.child.kill('SIGKILL');
    kills += 1;
    await Promise.race([ended, pause(5000)]);
    const last = spawnAgent(files, ['--no-supervise'], scratch, endedByKill);
    if (!(await waitUntil(() => unique(told).length >= expected.length)))
      found.push(
        `round ${round}: ${check} became ${states[next]} and nobody was told within ${deadlineMs} ms\n${last.log()}`,
      );
    const stopped = once(last.child, 'exit');
    const signal = random() < 0.5 ? 'SIGKILL' : 'SIGTERM';
    last.child.kill(signal);
    if (signal === 'SIGKILL') kills += 1;
    await Promise.race([stopped, pause(8000)]);
    found.push(...differences(unique(told), expected, round));
    const again = told.length - unique(told).length;
    if (again > kills) found.push(`round ${round}: ${again} notifications came again, after ${kills} kills`);
    if (round % 10 === 0) say(`  ${round} changes told, ${told.length - unique(told).length} of them twice`);
  }
  sink.close();
  rmSync(scratch, { recursive: true, force: true });
  const duplicates = told.length - unique(told).length;
  return {
    soak: 'alerts',
    rounds,
    seed,
    pass: found.length === 0,
    found,
    figures: { told: told.length, duplicates, kills },
  };
};

/** In one step: a script that reads a file which was just emptied exits with 0. */
function setCode(scratch: string, check: string, code: number): void {
  const file = join(scratch, check);
  writeFileSync(`${file}.new`, `${code}\n`);
  renameSync(`${file}.new`, file);
}

function configuration(scratch: string, sink: Server): { [path: string]: string } {
  const { port } = sink.address() as AddressInfo;
  mkdirSync(scratch, { recursive: true });
  const handler = `handler:\n  type: webhook\n  url: http://127.0.0.1:${port}/\n`;
  const files: { [path: string]: string } = { 'soak/hook.yml': handler };
  for (const check of checks) {
    const file = join(scratch, check);
    files[`soak/${check}.yml`] =
      `check:\n  interval: 1s\n  flapping: false\n  handlers: [hook]\n  script: read code < ${file}; echo "code $code"; exit $code\n`;
  }
  return files;
}

async function listen(told: Told[]): Promise<Server> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const { key, type, data } = JSON.parse(body) as {
        key: string;
        type: string;
        data: { name: string; pack: string; state: string };
      };
      // The shipped checks may have something to say of a busy machine.
      if (data.pack === 'soak' && (type === 'problem' || type === 'recovery'))
        told.push({ key, check: data.name, state: data.state });
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** What was told, each key once. */
function unique(told: Told[]): Told[] {
  const seen = new Set<string>();
  return told.filter(({ key }) => !seen.has(key) && seen.add(key));
}

/** What was told of each check against what happened to it. */
function differences(told: Told[], expected: Told[], round: number): string[] {
  return checks.flatMap((check) => {
    const line = (list: Told[]): string =>
      list
        .filter((each) => each.check === check)
        .map(({ state }) => state)
        .join(' ');
    const [is, should] = [line(told), line(expected)];
    return is === should ? [] : [`round ${round}: of ${check} was told '${is}', should be '${should}'`];
  });
}

async function waitUntil(holds: () => boolean): Promise<boolean> {
  const end = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() > end) return false;
    await pause(25);
  }
  return true;
}
