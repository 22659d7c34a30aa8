import { spawnSync } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RealAgent, startRealAgent } from '../real-agent.ts';
import { freePort, measuresNothing, members } from './agents.ts';

const key = Buffer.alloc(16, 3).toString('base64');
const names = ['red', 'green', 'blue'] as const;
const address = (index: number): string => `127.0.0.${81 + index}`;
const folder = mkdtempSync(join(tmpdir(), 'opsbro-shinken-'));
const pipe = join(folder, 'pipe');
const objects = join(folder, 'objects');
const agents: RealAgent[] = [];
const resolver = new Resolver({ timeout: 2000, tries: 2 });
let reader = -1;
let results = '';

const hot = (isHot: boolean): string =>
  `check: {interval: 1s, critical_if: "${isHot ? '2 > 1' : '1 > 2'}", ok_output: "'cool'", critical_output: "'too hot'"}\n`;

/** What the monitoring tool was told until now. */
function commands(): string {
  const buffer = Buffer.alloc(65_536);
  for (;;) {
    try {
      const length = readSync(reader, buffer);
      if (length === 0) return results;
      results += buffer.toString('utf8', 0, length);
    } catch {
      return results;
    }
  }
}

beforeAll(async () => {
  const [port, dns] = [await freePort(), await freePort()];
  resolver.setServers([`127.0.0.1:${dns}`]);
  spawnSync('mkfifo', [pipe]);
  reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const start = (name: string, index: number): Promise<RealAgent> =>
    startRealAgent({
      files: {
        ...measuresNothing,
        'agent.yml': `display_name: ${name}\nnode-zone: dc1\n`,
        'gossip.yml': `gossip: {address: ${address(index)}, port: ${port}, key: ${key}, profile: local, seeds: [${address(0)}]}\n`,
        ...(index === 0 && {
          'dns.yml': `dns: {port: ${dns}}\n`,
          'shinken.yml': `shinken: {cfg_path: ${objects}, external_command_file: ${pipe}, verify_command: '', reload_command: '', reload_quiet: 200ms}\n`,
        }),
        ...(index === 1 && { 'hot.yml': hot(false) }),
      },
    });
  agents.push(...(await Promise.all(names.map(start))));
}, 200_000);

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.dispose()));
  if (reader >= 0) closeSync(reader);
  rmSync(folder, { recursive: true, force: true });
});

it('shows the checks of another node by DNS and to Shinken, as they change', async () => {
  const [red, green] = agents as [RealAgent, RealAgent];
  const other = await red.until('all three', async () => {
    const nodes = await members(red);
    return nodes.length === 3 && nodes.find((node) => node.display_name === 'green');
  });
  expect(other).toMatchObject({ state: 'alive', checks_version: expect.any(Number) });
  expect(other?.checks_version).toBeGreaterThan(0);

  const text = async (): Promise<string> =>
    (await resolver.resolveTxt('hot.check.green.dc1.opsbro').catch(() => [])).flat().join(' ');
  const file = join(objects, `${other?.uuid}.cfg`);
  const told = (code: number, output: string): boolean =>
    commands().includes(`PROCESS_SERVICE_CHECK_RESULT;${other?.uuid};Agent-hot;${code};${output}`);
  await red.until('its TXT record', async () => (await text()).includes('state=ok'));
  expect(await text()).toContain('check=local/check/hot');
  await red.until(
    'its service',
    async () => existsSync(file) && readFileSync(file, 'utf8').includes('Agent-hot\n'),
  );
  await red.until('its result', async () => told(0, 'cool'));

  green.write('hot.yml', hot(true));
  await red.until('its TXT record of the change', async () => (await text()).includes('state=critical'));
  await red.until('its result of the change', async () => told(2, 'too hot'));
  expect(readFileSync(file, 'utf8')).toMatch(/host_name\s+/);
});
