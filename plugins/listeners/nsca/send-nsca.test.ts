import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PassiveReport, RouteAnswer } from 'opsbro/sdk';
import { serviceContext } from 'opsbro/sdk/testing';
import { afterAll, describe, expect, it } from 'vitest';
import type { Method } from './cipher.ts';
import type { Options } from './options.ts';
import { Nsca } from './service.ts';

const isHere = spawnSync('send_nsca', ['--help']).error === undefined;
const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';
const scratch = mkdtempSync(join(tmpdir(), 'opsbro-nsca-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Results stand behind one another with ETB between them, since outputs may have several lines. */
async function sendNsca(port: number, method: Method, password: string, lines: string): Promise<string> {
  const file = join(scratch, 'send_nsca.cfg');
  writeFileSync(file, `password=${password}\nencryption_method=${method}\n`);
  const child = spawn('send_nsca', ['-H', '127.0.0.1', '-p', String(port), '-c', file]);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(lines);
  await once(child, 'close');
  return said;
}

describe.skipIf(!isHere && !isRequired)("Debian's send_nsca (needs nsca-client)", () => {
  it.each<[Method, string]>([
    [0, 'ignored'],
    [1, 'pa$$word'],
    [2, 'longer than the eight bytes of a key'],
    [3, 'secret'],
    [14, 'secret'],
    [14, 'a password of more than thirty-two characters'],
  ])('with method %d and the password %j sends services and hosts', async (method, password) => {
    const reports: PassiveReport[] = [];
    const options: Options = {
      ...{ enabled: true, address: '127.0.0.1', port: 0, password, decryption_method: method },
      ...{ max_packet_age: '30s', timeout: '10s', max_connections: 10, max_checks: 10, forget: '30d' },
      ...{ default_handlers: [], services: [] },
    };
    const ctx = serviceContext<Options>({
      options,
      ask: async ({ route, body }): Promise<RouteAnswer> => {
        if (route === '/api/v1/passive') reports.push(body as unknown as PassiveReport);
        return {
          status: 200,
          type: 'application/json',
          body: Buffer.from(route === '/api/v1/checks' ? '[]' : '{}'),
        };
      },
    });
    const nsca = new Nsca(ctx);
    await nsca.open();
    const long = 'x'.repeat(3000);
    const said = await sendNsca(
      nsca.port,
      method,
      password,
      `web1\tbackup\t2\tläuft nicht | x=1\x17web1\t1\tdown\x17web2\tlong\t0\t${long}\x17web2\todd\t9\t?\n`,
    );
    expect(said).toContain('data packet(s) sent to host successfully.');
    await nsca.close();
    expect(
      reports
        .flatMap(({ results = [] }) => results)
        .map(({ check, state, output }) => [check, state, output]),
    ).toEqual([
      ['nsca/check/web1/backup', 'critical', 'läuft nicht | x=1'],
      ['nsca/check/web1', 'critical', 'down'],
      ['nsca/check/web2/long', 'ok', long],
      ['nsca/check/web2/odd', 'unknown', '?'],
    ]);
    expect(nsca.figures()).toMatchObject({ packets: { unreadable: 0, version: 0, old: 0 } });
  });
});
