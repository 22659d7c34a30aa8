import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json, JsonObject } from 'opsbro/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExpressionEngine } from '../../language/engine/engine.ts';
import { callForReal, collectForReal, factsOf, loadShipped, rulesOf, startEngine } from './shipped-config.ts';

const configDirectory = fileURLToPath(new URL('../../config.d/', import.meta.url));
const { plan } = loadShipped();
const rules = rulesOf(plan);
const checks = rules.filter((object) => object.kind === 'check');
const detectors = rules.filter((object) => object.kind === 'detector');
const required = process.env.OPSBRO_TEST_REQUIRE === 'all';
/** What a check's test says that host functions give; without a test they are called for real. */
let given: JsonObject | undefined;
let engine: ExpressionEngine;

beforeAll(() => {
  engine = startEngine(async (name, args) => {
    if (given === undefined) return callForReal(name, args);
    if (Object.hasOwn(given, name)) return { ok: true, value: given[name] as Json };
    throw new Error(`the test gives no result of ${name}`);
  });
  engine.put(rules.flatMap(({ program }) => (program === undefined ? [] : [program])));
});

afterAll(() => engine.stop());

it('loads without an error or a warning', () => {
  expect(plan.diagnostics).toEqual([]);
  expect(checks.length).toBeGreaterThan(0);
});

it('opens every YAML file with a schema for the editor, placed where config.d keeps it', () => {
  for (const file of readdirSync(configDirectory, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.yml')) continue;
    const up = '../'.repeat(file.split('/').length - 1);
    const first = readFileSync(`${configDirectory}${file}`, 'utf8').split('\n', 1)[0];
    expect(first, file).toBe(`# yaml-language-server: $schema=${up}opsbro.schema.json`);
  }
});

it('describes every pack', () => {
  for (const entry of readdirSync(configDirectory, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    for (const file of ['package.yml', 'parameters.yml'])
      expect(existsSync(`${configDirectory}${entry.name}/${file}`), `${entry.name}/${file}`).toBe(true);
  }
});

describe.each(checks.map((check) => [check.id, check] as const))('%s', (id, check) => {
  it('has at least three tests and shows every state it can take', () => {
    expect(check.tests.length).toBeGreaterThanOrEqual(3);
    const states = check.tests.map(({ expect: { state } }) => state);
    expect(states).toContain('ok');
    expect(states.some((state) => state !== 'ok')).toBe(true);
  });

  it.each(
    check.tests.map(
      (test) => [`${relative(configDirectory, test.place.file)}:${test.place.line}`, test] as const,
    ),
  )('passes its test at %s', async (_, test) => {
    given = (test.given.functions ?? {}) as JsonObject;
    const [outcome] = await engine.evaluate([id], factsOf((test.given.collector ?? {}) as JsonObject));
    given = undefined;
    expect(outcome).toMatchObject({ kind: 'verdict', ...test.expect });
  });
});

describe('on this host', () => {
  let collectors: JsonObject;
  let groups: string[];

  beforeAll(async () => {
    collectors = await collectForReal();
    const outcomes = await engine.evaluate(
      detectors.map(({ id }) => id),
      factsOf(collectors),
    );
    groups = outcomes.flatMap((outcome) => (outcome.kind === 'groups' ? outcome.groups : []));
    expect(outcomes.filter((outcome) => outcome.kind !== 'groups' || outcome.error !== undefined)).toEqual(
      [],
    );
  });

  it.skipIf(process.platform !== 'linux')(
    'detects the operating system, its distribution and version',
    () => {
      const release = readFileSync('/etc/os-release', 'utf8');
      const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)`, 'm').exec(release)?.[1] ?? '';
      expect(groups).toContain('linux');
      expect(groups).toContain(field('ID'));
      if (field('VERSION_ID') !== '') expect(groups).toContain(`${field('ID')}-${field('VERSION_ID')}`);
    },
  );

  it.each([
    ['mysql', 3306],
    ['mariadb', 3306],
    ['postgresql', 5432],
    ['redis', 6379],
    ['rabbitmq', 5672],
    ['nats', 4222],
    ['mosquitto', 1883],
  ])('detects %s where port %i answers', async (group, port) => {
    const installed = await answers(port);
    if (!installed && !required) return;
    expect(installed, `nothing listens on port ${port}`).toBe(true);
    expect(groups).toContain(group);
  });

  it('gives every check that applies here a verdict, none of them unknown', async () => {
    const active = checks.filter(({ ifGroup }) => ifGroup === null || groups.includes(ifGroup));
    const names = active.map(({ id }) => id);
    const outcomes = await engine.evaluate(names, factsOf(collectors, groups));
    const unknown = outcomes.flatMap((outcome, index) =>
      outcome.kind === 'verdict' && outcome.state !== 'unknown' ? [] : [[names[index], outcome]],
    );
    expect(unknown).toEqual([]);
  });
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
