import type { Json, JsonObject } from 'opsbro/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExpressionEngine } from '../../language/engine/engine.ts';
import { factsOf, loadShipped, rulesOf, startEngine } from './shipped-config.ts';

const detectors = rulesOf(loadShipped().plan).filter((object) => object.kind === 'detector');
let engine: ExpressionEngine;
/** What the host functions find. */
let host: { paths: string[]; packages: string[]; processes: string[] };

beforeAll(() => {
  const answers: { [name: string]: (...args: Json[]) => Json } = {
    file_exists: (path) => host.paths.includes(String(path)),
    is_dir: (path) => host.paths.includes(String(path)),
    grep_file: (_text, path) => host.paths.includes(String(path)),
    has_package: (name) => host.packages.includes(String(name)),
    process_names: () => host.processes,
  };
  engine = startEngine(async (name, args) => {
    const answer = answers[name];
    if (answer === undefined) throw new Error(`the test knows no ${name}`);
    return { ok: true, value: answer(...args) };
  });
  engine.put(detectors.flatMap(({ program }) => (program === undefined ? [] : [program])));
});

afterAll(() => engine.stop());

async function groupsOf(
  id: string,
  collectors: JsonObject,
  found: Partial<typeof host> = {},
): Promise<string[]> {
  host = { paths: [], packages: [], processes: [], ...found };
  const [outcome] = await engine.evaluate([id], factsOf(collectors));
  if (outcome?.kind !== 'groups' || outcome.error !== undefined) throw new Error(JSON.stringify(outcome));
  return outcome.groups;
}

/** A host on which nothing is: it listens nowhere, and shows no hypervisor. */
const bare: JsonObject = {
  openports: { tcp: [], udp: [], ports: [] },
  hypervisor: { hypervisor: '', kind: 'none', container: 'none' },
  system: { os: { platform: '', linux: { id: '', major_version: '', version: '' } } },
};
const container = (kind: string): JsonObject => ({ ...bare, hypervisor: { kind: 'none', container: kind } });
const machine = (kind: string): JsonObject => ({ ...bare, hypervisor: { kind, container: 'none' } });
const release = (id: string, version: string): JsonObject => {
  const linux = { id, version, major_version: version.split('.')[0] as string };
  return { ...bare, system: { os: { platform: 'linux', linux } } };
};

describe('a shipped detector', () => {
  it.each(detectors.map(({ id }) => [id]))('%s gives no group where nothing is', async (id) => {
    expect(await groupsOf(id, bare)).toEqual([]);
  });

  const byPath = detectors.flatMap(({ id, options }) =>
    [
      ...String(options.apply_if).matchAll(
        /(?:file_exists|is_dir)\('([^']+)'\)|grep_file\('[^']*', '([^']+)'\)/g,
      ),
    ].map((found) => [id, found[1] ?? (found[2] as string), options.add_groups as string[]] as const),
  );
  it.each(byPath)('%s tells by %s alone', async (id, path, groups) => {
    expect(await groupsOf(id, bare, { paths: [path] })).toEqual(groups);
  });

  it.each([
    ['memcached', 11211],
    ['mongodb', 27017],
    ['mosquitto', 1883],
    ['mysql', 3306],
    ['nats', 4222],
    ['postgresql', 5432],
    ['rabbitmq', 5672],
    ['redis', 6379],
    ['sshd', 22],
  ])('of %s tells by port %i', async (name, port) => {
    const listening = { ...bare, openports: { tcp: [1, port] } };
    expect(await groupsOf(`applications/detector/${name}`, listening)).toEqual([name]);
    const elsewhere = { ...bare, openports: { tcp: [port + 1], udp: [port] } };
    expect(await groupsOf(`applications/detector/${name}`, elsewhere)).toEqual([]);
  });

  it('tells an application by its package, and one by its process', async () => {
    expect(await groupsOf('applications/detector/postfix', bare, { packages: ['postfix'] })).toEqual([
      'postfix',
    ]);
    expect(await groupsOf('applications/detector/java', bare, { processes: ['sh', 'java'] })).toEqual([
      'java',
    ]);
    expect(await groupsOf('applications/detector/java', bare, { processes: ['javac'] })).toEqual([]);
  });

  it.each(['docker-container', 'podman', 'lxc', 'openvz', 'systemd-nspawn'])('tells %s', async (group) => {
    const kind = group.replace('-container', '');
    const id = `virtualisation/detector/${group}`;
    expect(await groupsOf(id, container(kind))).toEqual([group]);
    expect(await groupsOf(id, container('other'))).toEqual([]);
  });

  it.each(['kvm', 'vmware', 'virtualbox', 'hyperv', 'xen', 'qemu'])('tells %s', async (group) => {
    expect(await groupsOf('virtualisation/detector/hypervisor', machine(group))).toEqual([group]);
  });

  it.each([
    ['linux/detector/os', 'debian', '12.11', ['linux']],
    ['linux/detector/distribution', 'ubuntu', '24.04', ['ubuntu']],
    ['linux/detector/version', 'ubuntu', '24.04', ['ubuntu-24', 'ubuntu-24.04']],
    ['linux/detector/amazon-linux', 'amzn', '2023', ['amazon-linux']],
    ['linux/detector/redhat', 'rhel', '9.4', ['redhat']],
  ])('%s of %s %s', async (id, name, version, groups) => {
    expect(await groupsOf(id, release(name, version))).toEqual(groups);
  });
});
