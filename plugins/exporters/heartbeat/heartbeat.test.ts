import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, hostContext, runVerb, testFacts } from 'opsbro/sdk/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import heartbeat from './index.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
let server: Server | undefined;

afterEach(() => {
  server?.close();
});

async function send(status: number): Promise<string[]> {
  const heard: string[] = [];
  server = createServer((request, response) => {
    heard.push(`${request.method} ${request.url}`);
    response.writeHead(status).end('OK');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ping/token`;
  await runVerb(heartbeat, hostContext({ options: { url } }), testFacts());
  return heard;
}

describe('exporter/heartbeat', () => {
  it('asks for the URL', async () => {
    expect(await send(200)).toEqual(['GET /ping/token']);
  });

  it.each([404, 500])('fails on %d and keeps the path to itself', async (status) => {
    const failed = await send(status).catch((error: Error) => error.message);
    expect(failed).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:\\d+ answered ${status}$`));
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('exporter', folder, heartbeat, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
