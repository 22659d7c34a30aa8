import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { NagiosImport } from '../../importing/import-nagios.ts';
import { Workplace } from '../cli/workplace.ts';
import { NagiosSource } from './nagios-source.ts';

let source: NagiosSource;
let place: Workplace;
beforeEach(() => {
  source = new NagiosSource();
  place = new Workplace();
});
afterEach(() => {
  source.dispose();
  place.dispose();
});

const command = 'define command {\n command_name c\n command_line /bin/true\n}\n';

const define = (type: string, directives: { [name: string]: string }): string =>
  `define ${type} {\n${Object.entries(directives)
    .map(([name, value]) => `  ${name} ${value}\n`)
    .join('')}}\n`;

const host = (name: string, more: { [name: string]: string } = {}): string =>
  define('host', { host_name: name, check_command: 'c', max_check_attempts: '1', ...more });

const service = (host_name: string, description: string, more: { [name: string]: string } = {}): string =>
  define('service', { host_name, service_description: description, check_command: 'c', ...more });

/** What the check at a path of the result depends on. */
function dependsOn({ files }: NagiosImport, path: string): unknown {
  const text = files.find((file) => file.path === path)?.text ?? '';
  return (parse(text) as { check: { depends_on?: string[] } }).check.depends_on;
}

async function expectLoads({ files }: NagiosImport): Promise<void> {
  for (const { path, text } of files) place.write(path, text);
  const { out } = await place.opsbro(['config', 'check', '--json'], place.config);
  expect((JSON.parse(out) as { diagnostics: unknown[] }).diagnostics).toEqual([]);
}

const changes = ({ report }: NagiosImport): string[] =>
  report.changed.map(({ object, what }) => `${object}: ${what}`);

describe('a host', () => {
  it('depends on its one parent', async () => {
    const made = source.import(command + host('gate') + host('web', { parents: 'gate' }));
    expect(dependsOn(made, 'web/monitoring/web-alive.yml')).toEqual(['gate/check/gate-alive']);
    expect(changes(made)).toEqual([]);
    await expectLoads(made);
  });

  it('of several parents depends on what all of them are behind: one that is down does not cut it off', async () => {
    const parents = { a: 'gate', b: 'gate', c: '', web: 'a,b', far: 'web,c' };
    const hosts = Object.entries(parents).map(([name, above]) =>
      host(name, above === '' ? {} : { parents: above }),
    );
    const made = source.import(command + host('gate') + hosts.join(''));
    const found = ['web', 'far'].map((name) => dependsOn(made, `${name}/monitoring/${name}-alive.yml`));
    expect(found).toEqual([['gate/check/gate-alive'], undefined]);
    const all = (names: string): string =>
      `it is cut off once all of '${names}' are down, and one would do here`;
    expect(changes(made)).toEqual([
      `host 'web': ${all('a,b')}: it depends on gate alone, behind which all of them are`,
      `host 'far': ${all('web,c')}: it depends on none of them`,
    ]);
    await expectLoads(made);
  });

  it('of very many layers of parents, or of a circle of them, is read in no time', () => {
    const layers = Array.from({ length: 200 }, (_, layer) =>
      ['a', 'b'].map((side) =>
        host(`${side}${layer}`, layer === 0 ? {} : { parents: `a${layer - 1},b${layer - 1}` }),
      ),
    );
    const circle = host('x', { parents: 'y,a0' }) + host('y', { parents: 'x,a0' });
    const made = source.import(command + layers.flat().join('') + circle);
    expect(dependsOn(made, 'a199/monitoring/a199-alive.yml')).toBeUndefined();
    expect(made.checks).toBe(402);
  });
});

describe('a service', () => {
  it.each([
    ['another of its host', 'Base', ['web/check/base']],
    ['a host and a service of it', 'db, Far', ['db/check/far']],
  ])('depends on its one parent: %s', async (_, parents, above) => {
    const others = service('web', 'Base') + service('db', 'Far');
    const web = define('host', { host_name: 'web' });
    const made = source.import(
      command + web + define('host', { host_name: 'db' }) + others + service('web', 'Near', { parents }),
    );
    expect(made.faults).toEqual([]);
    expect(dependsOn(made, 'web/monitoring/near.yml')).toEqual(above);
    await expectLoads(made);
  });

  it.each([
    ['0', 1],
    ['1', 0],
  ])(
    'depends on all that is above it, which differs where inherits_parent is %s',
    (inherits_parent, count) => {
      const on = (master: string, dependent: string): string =>
        define('servicedependency', {
          host_name: 'web',
          service_description: master,
          dependent_host_name: 'web',
          dependent_service_description: dependent,
          notification_failure_criteria: 'c,u',
          inherits_parent,
        });
      const services = ['Top', 'Middle', 'End'].map((name) => service('web', name)).join('');
      const made = source.import(
        command + define('host', { host_name: 'web' }) + services + on('Top', 'Middle') + on('Middle', 'End'),
      );
      expect(changes(made).filter((line) => line.includes('inherits_parent'))).toHaveLength(count);
    },
  );

  it('of several parents depends on none, and says so, as of one that has no check', () => {
    const made = source.import(
      command +
        define('host', { host_name: 'web' }) +
        ['Base', 'More'].map((name) => service('web', name)).join('') +
        service('web', 'Two', { parents: 'web,Base,web,More' }) +
        service('web', 'Lost', { parents: 'Gone' }),
    );
    expect(dependsOn(made, 'web/monitoring/two.yml')).toBeUndefined();
    expect(changes(made)).toEqual([
      expect.stringMatching(/^service 'Two' on 'web': it is held back once all of its parents fail/),
    ]);
    expect(made.report.lost.map(({ what }) => what)).toContain("its parent 'Gone' has no check here");
  });
});
