import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NagiosImport } from '../../importing/import-nagios.ts';
import { basic, contact, define, host, type Keys, objects, service } from './definitions.ts';
import { NagiosSource } from './nagios-source.ts';

let source: NagiosSource;
beforeEach(() => {
  source = new NagiosSource();
});
afterEach(() => source.dispose());

interface Made {
  check: Keys;
  all: { [path: string]: Keys };
  result: NagiosImport;
}

function made(text: string, main = ''): Made {
  const result = source.import(basic + text, main);
  const all = objects(result);
  return { check: all['web/monitoring/s.yml'] ?? {}, all, result };
}

const page = (line: string): string => define('command', { command_name: 'page', command_line: line });
const paged = (name: string, more: { [name: string]: string } = {}): string =>
  contact(name, { service_notification_commands: 'page', host_notification_commands: 'page', ...more });

/** What the command of a handler prints for an alert of a check with these labels. */
function told(
  handler: Keys | undefined,
  labels: unknown,
  variables: { [name: string]: string } = {},
): string {
  const { command, args } = handler as { command: string; args: string[] };
  const ofLabels = Object.entries(labels as { [name: string]: string }).map(([name, value]) => [
    `NAGIOS__SERVICE${name.toUpperCase()}`,
    value,
  ]);
  const env = {
    NAGIOS_HOSTNAME: 'node',
    NAGIOS_HOSTSTATE: 'UP',
    ...variables,
    ...Object.fromEntries(ofLabels),
  };
  return spawnSync(command, args, { encoding: 'utf8', env }).stdout;
}

describe('a service', () => {
  it.each<{ [name: string]: string }>([{ contacts: 'null' }, { contact_groups: 'null' }])(
    'with %j tells nobody, not whom its host tells',
    (directives) => {
      const text = contact('ann') + host({ contacts: 'ann', notification_period: 'gone' });
      expect(made(text + service(directives)).check.handlers).toEqual([]);
    },
  );

  it('whose notification_period is null is told of at any time, not when its host is', () => {
    const text =
      contact('ann') +
      define('timeperiod', { timeperiod_name: 'work', monday: '08:00-18:00' }) +
      host({ contacts: 'ann', notification_period: 'work' });
    const { all } = made(text + service({ notification_period: 'null' }));
    expect(all['nagios/handlers/ann.yml']).not.toHaveProperty('quiet_hours');
  });

  it('is told of at any time where its host is, by a notification_period of null', () => {
    const text = contact('ann') + host({ contacts: 'ann', notification_period: 'null' });
    const { all, result } = made(text + service());
    expect(all['nagios/handlers/ann.yml']).not.toHaveProperty('quiet_hours');
    expect(JSON.stringify(result.report)).not.toContain('no timeperiod');
  });
});

describe('a contact', () => {
  it('that says nothing about services is told of none, as in Nagios', () => {
    const text = contact('ann', { service_notification_options: 'null' }) + host({ contacts: 'ann' });
    const { check, result } = made(text + service());
    expect(check.handlers).toEqual([]);
    expect(result.report.changed.map(({ object, what }) => `${object}: ${what}`)).toContain(
      "contact 'ann': it has no service_notification_options, so it is told of no service",
    );
  });

  it('that is told of what is critical and not of what is unknown is named: a timeout is unknown here', () => {
    const text = contact('ann', { service_notification_options: 'c,r' }) + contact('bob') + host();
    const { result } = made(text + service({ contacts: 'ann,bob' }));
    const told = result.report.changed.filter(({ what }) => what.startsWith("'c,r' lacks u"));
    expect(told.map(({ object }) => object)).toEqual(["contact 'ann'"]);
  });

  it('that becomes several handlers hears of the agent and its groups once', () => {
    const all = contact('ann') + host({ check_command: 'c', contacts: 'ann' }) + service();
    const handlers = made(all).all;
    expect(handlers['nagios/handlers/ann.yml']).not.toHaveProperty('events');
    expect(handlers['nagios/handlers/ann-hosts.yml']?.events).toEqual([
      'flapping',
      'downtime',
      'silence',
      'acknowledgement',
    ]);
    const few =
      contact('ann', { host_notification_options: 'd,r' }) + host({ check_command: 'c', contacts: 'ann' });
    const sparing = made(few + service()).all;
    expect(sparing['nagios/handlers/ann-hosts.yml']?.events).toEqual(['acknowledgement']);
  });

  it('whose command may take long has the time that Nagios gives it', () => {
    const text = contact('ann') + host() + service({ contacts: 'ann' });
    const { all } = made(text, 'notification_timeout=90');
    expect(all['nagios/handlers/ann.yml']?.timeout).toBe('90s');
  });
});

describe('an escalation', () => {
  const escalation = (more: { [name: string]: string }): string =>
    define('serviceescalation', {
      host_name: 'web',
      service_description: 'S',
      first_notification: '2',
      contacts: 'boss',
      ...more,
    });

  it('tells of nothing that the service itself does not tell', () => {
    const work = define('timeperiod', { timeperiod_name: 'work', monday: '08:00-18:00' });
    const early = define('timeperiod', { timeperiod_name: 'early', monday: '06:00-12:00' });
    const text =
      work +
      early +
      contact('boss') +
      host() +
      service({ notification_options: 'c,r', notification_period: 'work' }) +
      escalation({ escalation_options: 'w,c', escalation_period: 'early' });
    const boss = made(text).all['nagios/handlers/boss.yml'];
    expect(boss?.severities).toEqual(['critical']);
    expect(boss?.quiet_hours).toContainEqual({ days: 'mon', from: '00:00', to: '08:00' });
    expect(boss?.quiet_hours).toContainEqual({ days: 'mon', from: '12:00', to: '24:00' });
  });

  it('that never comes makes no handler', () => {
    const text = contact('boss') + host() + service({ notification_interval: '0' }) + escalation({});
    expect(made(text).result.handlers).toBe(0);
  });
});

describe('a notification command', () => {
  const line =
    "printf '%s|' $HOSTNAME$ \"$HOSTALIAS$\" $SERVICEDESC$ $_HOSTRACK$ $_SERVICEPORT$ $HOSTGROUPNAMES$ $SERVICEGROUPNAME$ '$HOSTACTIONURL$'";
  const groups =
    define('hostgroup', { hostgroup_name: 'a', members: 'web' }) +
    define('hostgroup', { hostgroup_name: 'b', members: 'web' }) +
    define('servicegroup', { servicegroup_name: 'apps', members: 'web,S' });

  it('knows of the host and the service what Nagios would have put in', () => {
    const text =
      page(line) +
      groups +
      paged('ann') +
      host({ alias: "The 'Web'", _rack: 'r 1', action_url: 'http://w' }) +
      service({ contacts: 'ann', display_name: 'Shown', _port: '80' });
    const { check, all, result } = made(text);
    expect(told(all['nagios/handlers/ann.yml'], check.labels, { NAGIOS_SERVICEDISPLAYNAME: 'Shown' })).toBe(
      "web|The 'Web'|S|r 1|80|b,a|apps|http://w|",
    );
    expect(result.report.lost.filter(({ what }) => what.includes('is empty'))).toEqual([]);
  });

  it('knows of a host that is down what the check of the host found', () => {
    const text =
      page(
        'printf \'%s|\' $HOSTSTATE$ $HOSTSTATEID$ $LASTHOSTSTATE$ "$HOSTOUTPUT$" $HOSTDURATION$ $HOSTATTEMPT$ $HOSTACKAUTHOR$ $_HOSTRACK$',
      ) +
      paged('ann') +
      host({ check_command: 'c', contacts: 'ann', _rack: 'r1' });
    const { all, result } = made(text);
    const { labels } = all['web/monitoring/web-alive.yml'] as { labels: unknown };
    const variables = {
      NAGIOS_HOSTATTEMPT: '1',
      NAGIOS_LASTHOSTSTATE: 'UP',
      NAGIOS_SERVICESTATE: 'CRITICAL',
      NAGIOS_LASTSERVICESTATE: 'UNKNOWN',
      NAGIOS_SERVICEOUTPUT: 'no answer',
      NAGIOS_SERVICEDURATION: '0d',
      NAGIOS_SERVICEATTEMPT: '3',
      NAGIOS_SERVICEACKAUTHOR: 'bob',
    };
    expect(told(all['nagios/handlers/ann.yml'], labels, variables)).toBe(
      'DOWN|1|DOWN|no answer|0d|3|bob|r1|',
    );
    expect(result.report.lost.filter(({ what }) => what.includes('is empty'))).toEqual([]);
  });

  it('brings no labels into checks that nobody asks for them, nor any that are empty', () => {
    const text =
      page('/p $SERVICEDESC$ $HOSTALIAS$ $_HOSTGONE$') +
      paged('ann') +
      contact('bob') +
      host({ _rack: 'r1' });
    for (const name of ['ann', 'bob'])
      expect(made(text + service({ contacts: name })).check.labels).toEqual({
        host: 'web',
        address: '10.0.0.1',
      });
  });

  it('that names what only a running Nagios knows is reported', () => {
    const { result } = made(
      page('/p $HOSTOUTPUT$ $LASTHOSTUP$ $SERVICEOUTPUT$') +
        paged('ann') +
        host() +
        service({ contacts: 'ann' }),
    );
    expect(result.report.lost.map(({ what }) => what.split(':')[0])).toEqual(
      expect.arrayContaining(['$HOSTOUTPUT$ is empty', '$LASTHOSTUP$ is empty']),
    );
    expect(result.report.lost.map(({ what }) => what.split(':')[0])).not.toContain(
      '$SERVICEOUTPUT$ is empty',
    );
  });

  it('with a value of a resource file that may be a password is for the owner of the file alone', () => {
    source.write('resource.cfg', '$USER1$=/usr/lib\n$USER3$=hunter2\n');
    const text = page('$USER1$/p -t $USER3$') + paged('ann') + host() + service({ contacts: 'ann' });
    const { result } = made(text, 'resource_file=resource.cfg');
    const file = result.files.find(({ path }) => path === 'nagios/handlers/ann.yml');
    expect(file).toMatchObject({ isSecret: true, text: expect.stringContaining('hunter2') });
    expect(file?.shown).not.toContain('hunter2');
    expect(result.report.changed).toContainEqual(
      expect.objectContaining({ object: "contact 'ann'", what: expect.stringContaining('$USER3$') }),
    );
  });
});
