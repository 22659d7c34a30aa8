import { readFileSync } from 'node:fs';
import type { Manifest } from 'opsbro/sdk';
import { complianceSuite, fixtureContext, hostContext } from 'opsbro/sdk/testing';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import processes from './index.ts';
import { ownName, processNames } from './process-names.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;

for (const test of complianceSuite('functions', folder, processes, manifest)) it(test.name, test.run);

it('names this very process', async () => {
  const own = readFileSync('/proc/self/comm', 'utf8').trim();
  expect(await processes.functions.process_names?.(hostContext())).toContain(own);
});

it('leaves out processes of containers and those that ended, and names each once', async () => {
  const files = {
    '/proc/1/status': 'Name:\tinit\nNSpid:\t1\n',
    '/proc/2/status': 'Name:\tnginx\nNSpid:\t2\n',
    '/proc/3/status': 'Name:\tnginx\nNSpid:\t3\n',
    '/proc/4/status': 'Name:\tredis-server\nNSpid:\t4\t1\n',
    '/proc/5/comm': 'ended\n',
    '/proc/self/status': 'Name:\tself\n',
  };
  expect(await processNames(fixtureContext({ files }))).toEqual(['init', 'nginx']);
});

it.each([
  ["Name:\t'; import os\nNSpid:\t7\n", "'; import os"],
  ['Name:\told kernel\nPid:\t7\n', 'old kernel'],
  ['', undefined],
])('reads the name of %j as %j', (status, expected) => {
  expect(ownName(status)).toBe(expected);
});
