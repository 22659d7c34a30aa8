import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createWorkbench, type Workbench } from '../workbench.ts';

let made: Workbench;

beforeEach(() => {
  made = createWorkbench();
});

afterEach(() => made.dispose());

const detectors = [
  'detector: {id: d, apply_if: "1 > 0", add_groups: [linux]}',
  'detector: {id: e, apply_if: "1 > 0", add_groups: ["release-{{collector.system.os}}"]}',
];

/** With the plugins that ship: none of them is a detector with code. */
const root = fileURLToPath(new URL('../../..', import.meta.url));
const plugins = { manifests: join(root, 'plugins'), modules: join(root, 'dist', 'plugins') };

function found(object: string, more: { [path: string]: string } = {}): string[] {
  made.write('a/detectors.yml', `${detectors.join('\n---\n')}\n`);
  made.write('a/x.yml', `${object}\n`);
  made.write('agent.yml', 'groups: [blue]\n');
  for (const [path, text] of Object.entries(more)) made.write(path, text);
  return made.configuration
    .load({ ...made.directories, plugins }, [])
    .diagnostics.filter(({ code }) => code === 'OPSBRO_CONFIG_UNKNOWN_GROUP')
    .map(({ severity, message, place }) => `${severity} ${place.line}:${place.column} ${message}`);
}

const names = (kind: string, group: string): string =>
  `${kind} names the group '${group}', which no detector and no configuration gives`;

it.each([
  [
    'check: {id: c, critical_if: "1 > 2", if_group: linxu}',
    `warning 1:48 ${names('check a/check/c', 'linxu')}: it never runs; did you mean 'linux'?`,
  ],
  [
    'check: {id: c, critical_if: "1 > 2", apply_on: red}',
    `warning 1:48 ${names('check a/check/c', 'red')}: it never runs; the groups are blue, linux`,
  ],
  [
    'check: {id: c, critical_if: "1 > 2", depends_on: ["group:linus"]}',
    `warning 1:51 ${names('check a/check/c', 'linus')}: its problems are never told; did you mean 'linux'?`,
  ],
  [
    'handler: {id: h, type: log, if_group: bleu}',
    `warning 1:39 ${names('handler a/handler/h', 'bleu')}: it is never told; did you mean 'blue'?`,
  ],
])('warns of %s', (object, message) => {
  expect(found(object)).toEqual([message]);
});

it.each([
  'check: {id: c, critical_if: "1 > 2", if_group: linux, depends_on: ["group:blue"]}',
  'check: {id: c, critical_if: "1 > 2", if_group: "*"}',
  'check: {id: c, critical_if: "1 > 2", if_group: release-debian}',
  'check: {id: c, critical_if: "1 > 2", if_group: red, enabled: false}',
])('takes %s', (object) => {
  expect(found(object)).toEqual([]);
});

const anything = {
  'a/anything.yml':
    'detector: {id: f, apply_if: "1 > 0", add_groups: ["{{collector.system.os.linux.id}}", "{{collector.system.os.linux.id}}-{{collector.system.os.linux.version}}"]}\n',
};

it.each([
  ['linxu', 'linux'],
  ['Linux', 'linux'],
  ['bleu', 'blue'],
  ['debain', 'debian'],
  ['unbuntu-24.04', 'ubuntu-24.04'],
])('warns of %s, which a detector that fills in anything might give, for it is nearly %s', (group, near) => {
  const [message] = found(`check: {id: c, critical_if: "1 > 2", if_group: "${group}"}`, anything);
  expect(message).toMatch(new RegExp(`it never runs; did you mean '${near}'\\?$`));
});

it.each(['debian', 'debian-12', 'ubuntu', 'our-own-linux', 'red'])(
  'takes %s where a detector fills in anything',
  (group) => {
    expect(found(`check: {id: c, critical_if: "1 > 2", if_group: "${group}"}`, anything)).toEqual([]);
  },
);

it('says nothing where a detector has code: what it gives is not known', () => {
  made.write('a/x.yml', 'check: {id: c, critical_if: "1 > 2", if_group: red}\n');
  expect(made.load().diagnostics).toEqual([]);
});

it('says nothing while a file that may give the group cannot be read', () => {
  const object = 'check: {id: c, critical_if: "1 > 2", if_group: red}';
  expect(found(object, { 'a/bad.yml': 'detector: [\n' })).toEqual([]);
});
