import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { faultLines, NagiosSource } from '../nagios-source.ts';

let source: NagiosSource;
beforeEach(() => {
  source = new NagiosSource();
});
afterEach(() => source.dispose());

const templates = `
define host {
  name generic-host
  check_interval 5
  check_command check-alive
  hostgroups all-servers
  notes generic
  _customvar1 somevalue
  register 0
}
define host {
  name development-server
  use generic-host
  check_interval 10
  hostgroups +linux,web
  notes null
  register 0
}
define host {
  name other
  contact_groups +b
  hostgroups +other
  max_check_attempts 7
  register 0
}
`;

/** Directives of the host \`h\`, after templates are resolved. */
function resolved(lines: string): { [name: string]: string } {
  const made = source.read(`${templates}\ndefine host {\n host_name h\n${lines}\n}\n`);
  const { directives } = made.hosts.get('h')!;
  return Object.fromEntries([...directives].map(([name, { value }]) => [name, value]));
}

describe('templates', () => {
  // https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/objectinheritance.html
  it.each([
    [
      'the own value goes over the inherited one',
      'use generic-host\ncheck_interval 1',
      { check_interval: '1', check_command: 'check-alive' },
    ],
    [
      'of a chain the nearest counts',
      'use development-server',
      { check_interval: '10', check_command: 'check-alive' },
    ],
    [
      'of several the first counts',
      'use other,generic-host',
      { max_check_attempts: '7', check_interval: '5' },
    ],
    ['a plus adds to what is inherited', 'use development-server', { hostgroups: 'all-servers,linux,web' }],
    [
      'a plus adds along the whole chain',
      'use development-server\nhostgroups +mine',
      { hostgroups: 'all-servers,linux,web,mine' },
    ],
    [
      'a plus that is inherited adds to the next template',
      'use other,generic-host',
      { hostgroups: 'all-servers,other' },
    ],
    ['a plus with nothing to add to is no part of the value', 'use other', { contact_groups: 'b' }],
    ['null takes an inherited value out', 'use generic-host\nhostgroups null', { hostgroups: undefined }],
    ['null of a template goes over that of its own template', 'use development-server', { notes: undefined }],
    [
      'custom variables are inherited, in capitals',
      'use generic-host\n_Other x',
      { _CUSTOMVAR1: 'somevalue', _OTHER: 'x' },
    ],
    ['a name is not handed on', 'use generic-host', { register: undefined, name: undefined }],
  ])('%s', (_, lines, expected) => {
    expect(resolved(lines)).toMatchObject(
      Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined)),
    );
    for (const [name, value] of Object.entries(expected))
      if (value === undefined) expect(resolved(lines)).not.toHaveProperty(name);
  });

  it('that are no objects are left out, and keep the line of each value', () => {
    const made = source.read(`${templates}define host {\n host_name h\n use generic-host\n}\n`);
    expect([...made.hosts.keys()]).toEqual(['h']);
    expect(made.hosts.get('h')?.directives.get('notes')?.place).toEqual({
      file: `${source.folder}/objects.cfg`,
      line: 7,
    });
  });

  it.each([
    [
      'a template that is not there',
      'define host {\nhost_name h\nuse nothing\n}',
      "3: there is no host template 'nothing'",
    ],
    [
      'templates that use each other',
      'define host {\nname a\nuse b\n}\ndefine host {\nname b\nuse a\n}',
      "7: the template 'a' uses itself, by way of this line",
    ],
  ])('tell of %s', (_, text, expected) => {
    expect(faultLines(source.read(text))).toContain(expected);
  });
});
