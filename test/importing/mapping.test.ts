import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expandScript } from '../../configuration/script/macros.ts';
import type { NagiosImport } from '../../importing/import-nagios.ts';
import { eventsOf } from '../../importing/mapping/options.ts';
import { Workplace } from '../cli/workplace.ts';
import { basic, contact, define, host, type Keys, objects, service } from './definitions.ts';
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

/** The check of the one service, and everything. */
function made(text: string, main = ''): { check: Keys; all: { [path: string]: Keys }; result: NagiosImport } {
  const result = source.import(basic + text, main);
  const all = objects(result);
  return { check: all['web/monitoring/s.yml'] ?? {}, all, result };
}

async function expectLoads({ files }: NagiosImport): Promise<void> {
  for (const { path, text } of files) place.write(path, text);
  const { out } = await place.opsbro(['config', 'check', '--json'], place.config);
  expect((JSON.parse(out) as { diagnostics: unknown[] }).diagnostics).toEqual([]);
}

describe('a command line', () => {
  it.each([
    ['$USER1$/check -H $HOSTADDRESS$', 'x', '/usr/lib/check -H 10.0.0.1'],
    ['/c $HOSTNAME$ $HOSTALIAS$ $SERVICEDESC$', 'x', '/c web The Web S'],
    ['/c $ARG2$ $ARG1$ [$ARG3$]', 'x!a b!c', '/c c a b []'],
    ['/c $ARG1$', 'x!wow\\!', '/c wow!'],
    ['/c $ARG1$', 'x!-p $_HOSTPORT$ -n $_SERVICENAME$', '/c -p 8080 -n long name'],
    ['/c $ARG1$', 'x!$HOSTADDRESS:db$', '/c 10.0.0.2'],
    ['/c [$_HOSTNONE$]', 'x', '/c []'],
    ['/c $HOSTGROUPNAME$ $HOSTGROUPNAMES$ $HOSTGROUPALIAS$', 'x', '/c sites sites,all,Zoo The sites'],
    ['/c $SERVICEGROUPNAME$ $SERVICEGROUPNAMES$', 'x', '/c pages pages,all'],
    ['/c $$HOME $$(date) "$$5"', 'x', '/c $HOME $(date) "$5"'],
    ["/c '\\$$x' \\$$y", 'x', "/c '\\$x' \\$y"],
    ['/c a$', 'x', '/c a$'],
    ['/c $notamacro$ | grep -c x\\; exit 2 ; why', 'x', '/c $notamacro$ | grep -c x; exit 2'],
  ])('%j called as %j is %j', (line, call, expected) => {
    source.write('resource.cfg', '$USER1$=/usr/lib\n');
    const text =
      define('command', { command_name: 'x', command_line: line }) +
      host({ alias: 'The Web', _port: '8080', _none: 'null' }) +
      define('hostgroup', { hostgroup_name: 'all', members: 'web,db' }) +
      define('hostgroup', { hostgroup_name: 'Zoo', members: 'web' }) +
      define('hostgroup', { hostgroup_name: 'sites', alias: 'The sites', members: 'web' }) +
      define('servicegroup', { servicegroup_name: 'pages', members: 'web,S' }) +
      define('servicegroup', { servicegroup_name: 'all', members: 'web,S' }) +
      host({ address: '10.0.0.2' }, 'db') +
      service({ check_command: call, _name: 'long name' });
    const { check, result } = made(text, 'resource_file=resource.cfg');
    expect(result.faults).toEqual([]);
    expect(expandScript(check.script as string, []).plan).toEqual({ shell: expected });
  });

  it('with a macro that only a running Nagios knows makes a check that is disabled, and says so', async () => {
    const line = define('command', {
      command_name: 'x',
      command_line: '/c $SERVICESTATE$ $HOSTSTATEID:other$ $USER9$',
    });
    const { check, result } = made(line + host() + service({ check_command: 'x' }));
    expect(check.enabled).toBe(false);
    expect(result.report.lost).toMatchObject([
      {
        object: "service 'S' on 'web'",
        what: expect.stringContaining('$SERVICESTATE$, $HOSTSTATEID:other$, $USER9$'),
      },
      { what: 'it has no check_command, so it is always up' },
    ]);
  });

  it('with a value of a resource file that may be a password is for the owner of the file alone', () => {
    source.write('resource.cfg', '$USER3$=hunter2\n');
    const line = define('command', { command_name: 'x', command_line: '/c -p $USER3$' });
    const { result } = made(line + host() + service({ check_command: 'x' }), 'resource_file=resource.cfg');
    expect(result.files.map(({ isSecret }) => isSecret)).toEqual([true]);
    expect(result.report.changed).toMatchObject([{ what: expect.stringContaining('$USER3$') }]);
  });
});

describe('a check', () => {
  it.each<[string, { [name: string]: string }, string, Keys]>([
    [
      'intervals',
      { check_interval: '10', retry_interval: '2' },
      '',
      { interval: '10m', retry_interval: '2m', attempts: 3 },
    ],
    ['the older names', { normal_check_interval: '1.5' }, 'interval_length=60', { interval: '90s' }],
    ['the unit of intervals', { check_interval: '30' }, 'interval_length=1', { interval: '30s' }],
    ['attempts that are too many', { max_check_attempts: '500' }, '', { attempts: 100 }],
    ['the timeout of the main file', {}, 'service_check_timeout=90', { timeout: '90s' }],
    ['a delay of the first notification', { first_notification_delay: '15' }, '', { for: '15m' }],
    ['volatile', { is_volatile: '1' }, '', { volatile: true }],
    ['flapping, off for all', {}, '', { flapping: false }],
    [
      'flapping, off for one',
      { flap_detection_enabled: '0' },
      'enable_flap_detection=1',
      { flapping: false },
    ],
    [
      'own thresholds',
      { low_flap_threshold: '10', high_flap_threshold: '40' },
      'enable_flap_detection=1',
      { flapping: { low: 10, high: 40 } },
    ],
    ['freshness', { check_freshness: '1' }, '', { on_missing: 'unknown' }],
    [
      'notes',
      { notes: 'see $HOSTNAME$', notes_url: 'http://w/$HOSTNAME$', action_url: 'http://a' },
      '',
      { notes: 'see web\nhttp://a', runbook: 'http://w/web' },
    ],
    ['an action', { action_url: 'http://a' }, '', { runbook: 'http://a' }],
  ])('carries %s', async (_, directives, main, expected) => {
    const { check, result } = made(host() + service(directives), main);
    expect(check).toMatchObject(expected);
    await expectLoads(result);
  });

  it('depends on its host, a host on its parents, and both on what they are said to', async () => {
    const text =
      host({ check_command: 'c', parents: 'router' }) +
      host({ check_command: 'c' }, 'router') +
      service() +
      service({ service_description: 'Base' }) +
      define('servicedependency', {
        host_name: 'web',
        service_description: 'Base',
        dependent_service_description: 'S',
        notification_failure_criteria: 'w,c',
        execution_failure_criteria: 'u',
      });
    const { check, all, result } = made(text);
    expect(check.depends_on).toEqual(['web/check/web-alive', 'web/check/base']);
    expect(all['web/monitoring/web-alive.yml']?.depends_on).toEqual(['router/check/router-alive']);
    expect(result.report.changed.map(({ what }) => what.slice(0, 25))).toEqual([
      "'w,c': here notifications",
      'it goes on running while ',
    ]);
    await expectLoads(result);
  });

  it.each([
    [{ active_checks_enabled: '0' }, /^it is passive/],
    [{ event_handler: 'restart' }, /^the event handler 'restart'/],
    [{ stalking_options: 'o,c' }, /^stalking/],
    [{ check_period: 'workhours' }, /^check_period 'workhours'/],
    [{ check_command: 'gone!1' }, /^there is no command 'gone'/],
    [{ flap_detection_options: 'c' }, /^flap_detection_options 'c'/],
  ])('with %j tells what it cannot carry, and where', (directives, what) => {
    const { result } = made(host({ check_command: 'c' }) + service(directives as { [name: string]: string }));
    const [lost] = result.report.lost;
    expect(lost?.what).toMatch(what);
    const line = source.read(
      basic + host({ check_command: 'c' }) + service(directives as { [name: string]: string }),
    );
    expect(lost?.place).toEqual(
      line.services[0]?.definition.directives.get(Object.keys(directives)[0] as string)?.place,
    );
  });
});

describe('contacts', () => {
  it.each([
    [undefined, undefined, null],
    ['w,c,r,f,s', undefined, null],
    ['w,f', 'a', ['flapping', 'acknowledgement', 'group', 'node', 'agent']],
    ['w,f,s', 'c,s', ['downtime', 'silence', 'acknowledgement', 'group', 'node', 'agent']],
  ])('with options %s and %s hear of %j', (one, other, events) => {
    expect(eventsOf([one, other])).toEqual(events);
  });

  it('are told as the object and the contact both want', async () => {
    const text =
      contact('ann', { service_notification_options: 'w,c,r', host_notification_options: 'd,r' }) +
      contact('off', { service_notifications_enabled: '0' }) +
      define('contactgroup', { contactgroup_name: 'ops', members: 'ann,off' }) +
      host({ check_command: 'c', contact_groups: 'ops', notification_interval: '0' }) +
      service({ notification_options: 'c,u,r', notification_interval: '30' });
    const { check, all, result } = made(text);
    expect(check.handlers).toEqual(['ann']);
    expect(all['web/monitoring/web-alive.yml']?.handlers).toEqual(['ann-hosts-once', 'off']);
    expect(all['nagios/handlers/ann.yml']).toEqual({
      type: 'mail',
      contacts: ['ann@example.org'],
      severities: ['ok', 'critical'],
      events: ['acknowledgement', 'group', 'node', 'agent'],
      repeat_interval: '30m',
    });
    expect(all['nagios/handlers/ann-hosts-once.yml']).toMatchObject({
      severities: ['ok', 'critical', 'unknown'],
    });
    await expectLoads(result);
  });

  it('are told by count in Nagios and by time here when a problem escalates', async () => {
    const text =
      contact('ann') +
      contact('boss') +
      contact('chief') +
      host() +
      service({ contacts: 'ann', notification_interval: '20' }) +
      define('serviceescalation', {
        host_name: 'web',
        service_description: '*',
        first_notification: '4',
        last_notification: '6',
        notification_interval: '60',
        contacts: 'boss',
        escalation_options: 'c',
      }) +
      define('serviceescalation', {
        host_name: 'web',
        service_description: 'S',
        first_notification: '1',
        last_notification: '0',
        contacts: 'chief',
      });
    const { check, all, result } = made(text);
    expect(check).toMatchObject({
      handlers: ['ann', 'chief'],
      escalation: [{ after: '1h', handlers: ['boss'] }],
    });
    expect(result.report.changed.map(({ what }) => what)).toContain(
      'who is told without this step is told as well, not instead',
    );
    expect(all['nagios/handlers/boss.yml']).toMatchObject({
      severities: ['critical'],
      repeat_interval: '1h',
    });
    expect(result.report.lost.map(({ what }) => what)).toContain(
      'the step does not end with notification 6: it lasts until the problem ends',
    );
    await expectLoads(result);
  });

  it('have quiet hours outside of a time period, and none with one that is the whole week', async () => {
    const days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'];
    const hours = Object.fromEntries(days.map((day) => [day, '08:00-18:30']));
    const work = define('timeperiod', { timeperiod_name: 'work', ...hours, saturday: '08:00-08:00' });
    const text = work + contact('ann') + contact('bob') + host();
    const each = (name: string, period: string): string =>
      service({ service_description: name, contacts: name, notification_period: period });
    const { all, result } = made(text + each('ann', 'work') + each('bob', '24x7'));
    expect(all['nagios/handlers/bob.yml']).not.toHaveProperty('quiet_hours');
    expect(all['nagios/handlers/ann.yml']?.quiet_hours).toEqual([
      { days: 'mon-fri', from: '00:00', to: '08:00' },
      { days: 'mon-fri', from: '18:30', to: '24:00' },
      { days: 'sat,sun', from: '00:00', to: '24:00' },
    ]);
    await expectLoads(result);
  });

  it('are quiet while an excluded period lasts, in the zone of the main file; dates are reported', async () => {
    const night = define('timeperiod', {
      timeperiod_name: 'night',
      monday: '00:00-06:00',
      'december 25': '00:00-24:00',
    });
    const most = define('timeperiod', {
      timeperiod_name: 'most',
      use: 'x',
      exclude: 'night',
      monday: '00:00-24:00',
      tuesday: '00:00-24:00',
    });
    const rest = define('timeperiod', {
      name: 'x',
      register: '0',
      ...Object.fromEntries(
        ['wednesday', 'thursday', 'friday', 'saturday', 'sunday'].map((day) => [day, '00:00-24:00']),
      ),
    });
    const text =
      night +
      most +
      rest +
      contact('ann') +
      host() +
      service({ contacts: 'ann', notification_period: 'most' });
    const { all, result } = made(text, 'use_timezone=Europe/Paris');
    expect(all['nagios/handlers/ann.yml']?.quiet_hours).toEqual([
      { days: 'mon', from: '00:00', to: '06:00', timezone: 'Europe/Paris' },
    ]);
    expect(result.report.lost.map(({ what }) => what)).toContainEqual(
      expect.stringMatching(/^'december 25' is a date/),
    );
    await expectLoads(result);
  });

  it('who are not reached by mail are told by the same command, its values never pasted into a shell', async () => {
    const line = `printf '%s|' $HOSTNAME$ "$SERVICEDESC$ is $SERVICESTATE$" '$SERVICEOUTPUT$' $CONTACTPAGER$ $$$$x`;
    const text =
      define('command', { command_name: 'page', command_line: line }) +
      contact('ann', { service_notification_commands: 'page', pager: '555 1' }) +
      host() +
      service({ contacts: 'ann' });
    const { all, result } = made(text);
    const handler = all['nagios/handlers/ann.yml'] as {
      type: string;
      command: string;
      args: string[];
      contacts: string[];
    };
    expect(handler).toMatchObject({ type: 'exec', command: '/bin/sh', contacts: ['ann@example.org'] });
    const { stdout } = spawnSync(handler.command, handler.args, {
      encoding: 'utf8',
      env: {
        NAGIOS_HOSTNAME: 'node',
        NAGIOS__SERVICEHOST: 'web',
        NAGIOS_SERVICEDISPLAYNAME: 'S',
        NAGIOS_SERVICESTATE: 'CRITICAL',
        NAGIOS_SERVICEOUTPUT: `a' "; $(echo bad) \`echo bad\` b`,
      },
    });
    expect(stdout).toMatch(/^web\|S is CRITICAL\|a' "; \$\(echo bad\) `echo bad` b\|555\|1\|\d+x\|$/);
    await expectLoads(result);
  });
});

describe('the main file', () => {
  it('is reported where it changes what Nagios does', () => {
    const { result } = made(
      host() + service(),
      'broker_module=/x.so\nenable_notifications=0\nprocess_performance_data=1\nservice_perfdata_command=c\nexecute_host_checks=1',
    );
    expect(
      result.report.lost.filter(({ object }) => object === '').map(({ place: { line } }) => line),
    ).toEqual([1, 2, 4]);
  });
});
