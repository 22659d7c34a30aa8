import fc from 'fast-check';
import type { ClusterNode, NodeCheck } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { hostOf, readNodes } from '../hosts.ts';
import { resultsOf } from '../results.ts';
import type { Style } from './dialect.ts';
import { dialects, type Tool } from './dialects.ts';

const uuid = '2f1c7e9054d34cf4a3f5b0d4d7b0a1c2';
const node: ClusterNode = {
  uuid,
  name: 'web-1',
  display_name: 'Web (front)',
  addresses: ['10.0.0.7', 'fe80::1'],
  port: 6768,
  zone: 'internet',
  groups: ['linux', 'redis'],
  state: 'alive',
  since: 0,
  incarnation: 1,
  version: '1.0.0',
  protocol: [1, 1],
  proxy: false,
  checks_version: 1,
  failing: [],
};
const check = (id: string, more: Partial<NodeCheck> = {}): NodeCheck => ({
  id,
  name: id.split('/').at(-1) ?? '',
  pack: id.split('/')[0] ?? '',
  state: 'ok',
  hard: true,
  since: 0,
  output: 'fine',
  perfdata: '',
  ...more,
});

const style = (tool: Tool): Style => {
  const { host_template, service_template } = dialects[tool].defaults;
  return { prefix: '', hostTemplate: host_template, serviceTemplate: service_template };
};

it('writes for Shinken what the first OpsBro wrote, to the blank', () => {
  const text = dialects.shinken.host(
    hostOf(node, [check('linux/check/load'), check('linux/check/cpu')]),
    style('shinken'),
  );
  const service = (name: string) => `define service {
            host_name               ${uuid}
            service_description     Agent-${name}
            use                     generic-service
            active_checks_enabled   0
            passive_checks_enabled  1
            check_command           check-host-alive
            max_check_attempts      1
        
}

        
`;
  expect(text).toBe(`# Auto generated host, do not edit
        
define host{
            host_name      ${uuid}
            display_name   web-1
            address        10.0.0.7
            use            agent,opsbro,linux,redis,internet
            check_period                    24x7
            check_interval                  1
            retry_interval                  1
            max_check_attempts              2
        
}

        
${service('cpu')}
${service('load')}
`);
  expect(dialects.shinken.groups(['linux'])).toBeNull();
});

it('writes groups as host groups for the others, with the prefix that the options give', () => {
  const host = hostOf(node, [check('linux/check/load')]);
  for (const tool of ['nagios', 'naemon'] as const) {
    const text = dialects[tool].host(host, { ...style(tool), prefix: 'ob-' });
    expect(text).toMatch(/^ {4}hostgroups +ob-agent,ob-opsbro,ob-linux,ob-redis,ob-internet$/m);
    expect(text).toMatch(/^ {4}use +generic-host$/m);
    expect(text).toMatch(/^ {4}alias +Web \(front\)$/m);
    expect(dialects[tool].groups(['ob-redis'])).toMatch(
      /^define hostgroup \{\n {4}hostgroup_name +ob-redis$/m,
    );
  }
  const text = dialects.icinga2.host(host, style('icinga2'));
  expect(text).toContain(`object Host "${uuid}" {\n  display_name = "web-1"\n  address = "10.0.0.7"\n`);
  expect(text).toContain('  groups = [ "agent", "opsbro", "linux", "redis", "internet" ]\n');
  expect(text).toContain('object Service "Agent-load" {\n');
  expect(
    dialects.icinga2.host(hostOf({ ...node, addresses: ['2001:db8::7'] }, []), style('icinga2')),
  ).toContain('  address6 = "2001:db8::7"\n');
});

it('tells checks of one name apart by their packs, and never writes a service twice', () => {
  const ids = ['a/check/load', 'b/check/load', 'b/check/b-load', 'c/check/cpu', 'c/check/c$u', 'c/check/c%u'];
  const names = hostOf(
    node,
    ids.map((id) => check(id)),
  ).services.map(({ name }) => name);
  expect(names).toEqual(
    ['a-load', 'b-load', 'c-c_u', 'c-c_u-2', 'cpu', 'b-load-2'].map((name) => `Agent-${name}`).sort(),
  );
  expect(new Set(names).size).toBe(ids.length);
});

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        '\n',
        '\r',
        '}',
        '{',
        ';',
        '#',
        '$USER1$',
        '$(id)',
        '`id`',
        '\\',
        '"',
        "'",
        '|',
        ',',
        '+',
        '!',
        '*',
        '=',
        'define host',
        'object Host',
        'x',
        ' ',
        '\u2028',
        '\u0000',
        '\u0085',
        '[1] SHUTDOWN_PROGRAM',
        '../',
        'é',
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join('')),
);

const nastyNode = fc.record({
  name: nasty,
  display_name: nasty,
  addresses: fc.array(nasty, { maxLength: 2 }),
  zone: nasty,
  groups: fc.array(nasty, { maxLength: 4 }),
});
const nastyChecks = fc.array(
  fc
    .record({ id: nasty, output: nasty, perfdata: nasty })
    .map(({ id, ...rest }) => check(`p/check/${id}`, rest)),
  { maxLength: 4 },
);

/** The directives of each definition, as a reader of the language of Nagios or of Icinga sees them. */
function definitions(text: string): { type: string; names: string[] }[] {
  const found: { type: string; names: string[] }[] = [];
  for (const line of text.split(/[\n\r]/)) {
    const open = /^(?:define (\w+) ?\{|object (\w+) "[^"\\]+" \{)$/.exec(line);
    if (open !== null) found.push({ type: (open[1] ?? open[2] ?? '').toLowerCase(), names: [] });
    else if (/^ *([\w.]+) +\S/.test(line)) found.at(-1)?.names.push(/^ *([\w.]+)/.exec(line)?.[1] ?? '');
  }
  return found;
}

it.each(Object.keys(dialects) as Tool[])(
  'lets no value of a node write a directive of its own into the files of %s',
  (tool) => {
    const dialect = dialects[tool];
    const plain = definitions(dialect.host(hostOf(node, [check('linux/check/load')]), style(tool)));
    const [host, service] = plain.map(({ names }) =>
      names.map((name) => name.replace('address6', 'address')),
    );
    fc.assert(
      fc.property(nastyNode, nastyChecks, (values, checks) => {
        const made = hostOf({ ...node, ...values }, checks);
        const text = dialect.host(made, style(tool));
        expect(text).not.toMatch(/[$`;\\]|[^\n\P{Cc}]|\}./u);
        const shape = definitions(text).map(({ names }) =>
          names.map((name) => name.replace('address6', 'address')),
        );
        expect(shape).toEqual([host, ...checks.map(() => service)]);
        expect(dialect.servicesIn(text)).toEqual(made.services.map(({ name }) => name));
        expect(dialect.groupsIn(text)).toEqual(tool === 'shinken' ? [] : made.labels);
        const groups = dialect.groups(made.labels);
        if (groups !== null) expect(definitions(groups)).toHaveLength(made.labels.length);
      }),
      { numRuns: 150 },
    );
  },
);

it('lets no value of a node write a second command or a macro', () => {
  fc.assert(
    fc.property(nastyNode, nastyChecks, (values, checks) => {
      const results = resultsOf(hostOf({ ...node, ...values }, checks));
      expect(results).toHaveLength(1 + checks.length);
      for (const { command } of results) {
        expect(command).toMatch(
          /^PROCESS_(HOST_CHECK_RESULT;[0-9a-f]{32};0;the agent is alive|SERVICE_CHECK_RESULT;[0-9a-f]{32};Agent-[^;]+;0;.+)$/,
        );
        expect(command).not.toMatch(/[$`]|\p{Cc}/u);
        expect(command.split('|').length).toBeLessThanOrEqual(2);
      }
    }),
    { numRuns: 150 },
  );
});

it('makes no host of a node whose uuid cannot name a file', () => {
  const refused: string[] = [];
  const uuids = ['ok-1', '../etc', '', 'a/b', '.hidden', '_groups', 'a b', 'x'.repeat(129), 'a\nb'];
  const nodes = uuids.map((own) => ({ ...node, uuid: own })) as never[];
  const read = readNodes({ nodes: [...nodes, null, 7, { uuid: 'y', state: 'odd' }] }, (own) =>
    refused.push(own),
  );
  expect(read.map(({ uuid: own }) => own)).toEqual(['ok-1']);
  expect(refused).toHaveLength(11);
  expect([readNodes(null, () => undefined), readNodes({ nodes: {} }, () => undefined)]).toEqual([[], []]);
});
