import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HandlerEvent, Manifest } from 'opsbro/sdk';
import { complianceSuite, hostContext, runVerb, testEvent } from 'opsbro/sdk/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import exec from './index.ts';
import { hostAddress, nagiosVariables } from './nagios-variables.ts';

const folder = new URL('./', import.meta.url);
const manifest = parse(readFileSync(new URL('plugin.yml', folder), 'utf8')) as Manifest;
const contact = { name: 'sms', emails: ['ops@example.org', 'two@example.org'] };
let scratch = '';

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'opsbro-exec-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function script(name: string, text: string): string {
  const file = join(scratch, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

function notify(command: string, event: HandlerEvent, more: object = {}) {
  const options = { command, args: [], environment: {}, contacts: contact.emails, ...more };
  return runVerb(exec, hostContext({ options, name: 'sms' }), event);
}

describe('a script written for Nagios', () => {
  it('finds what it needs in its environment', async () => {
    const out = join(scratch, 'mail.txt');
    // The words of Nagios' own sample command notify-service-by-email.
    const command = script(
      'notify-service-by-email',
      `printf "%b" "Notification Type: $NAGIOS_NOTIFICATIONTYPE\\n\\nService: $NAGIOS_SERVICEDESC\\nHost: $NAGIOS_HOSTALIAS\\nState: $NAGIOS_SERVICESTATE\\n\\nAdditional Info:\\n\\n$NAGIOS_SERVICEOUTPUT\\n$NAGIOS_LONGSERVICEOUTPUT\\nTo: $NAGIOS_CONTACTEMAIL\\n" > ${out}`,
    );
    expect(await notify(command, testEvent('problem'))).toMatchObject({ status: 'done' });
    expect(readFileSync(out, 'utf8')).toBe(
      'Notification Type: PROBLEM\n\nService: load\nHost: web1\nState: CRITICAL\n\nAdditional Info:\n\nload is 42\n' +
        'cpu0 98%\ncpu1 97%\nTo: ops@example.org,two@example.org\n',
    );
  });

  it('reads the event from its input, and its arguments and variables as they are', async () => {
    const out = join(scratch, 'event.json');
    const command = script('json', `cat > ${out}; printf '%s|' "$@" "$TOKEN" "$HOME" >> ${out}`);
    const event = testEvent('problem', { output: '"quoted" $HOME `id`' });
    await notify(command, event, { args: ['a b', '$x'], environment: { TOKEN: 's3cret' } });
    const [json = '', rest] = readFileSync(out, 'utf8').split('\n');
    expect(JSON.parse(json)).toEqual(event);
    expect(rest).toBe('a b|$x|s3cret||');
  });

  it('runs once for each check of a group', async () => {
    const out = join(scratch, 'each.txt');
    const command = script(
      'each',
      `echo "$NAGIOS_SERVICEDESC $NAGIOS_SERVICESTATE $NAGIOS_NOTIFICATIONTYPE" >> ${out}`,
    );
    const { data } = testEvent('problem');
    const alerts = [
      { ...data, name: 'disk' },
      { ...data, name: 'load', state: 'ok' },
    ];
    await notify(command, testEvent('problem', { alerts }));
    expect(readFileSync(out, 'utf8')).toBe('disk CRITICAL PROBLEM\nload OK RECOVERY\n');
  });

  it.each([
    ['exits otherwise than 0', 'echo "no modem" >&2; exit 3', /fails exited with 3: no modem$/],
    ['is killed', 'kill -9 $$', /fails was ended by SIGKILL$/],
  ])('is run again later when it %s', async (_, text, message) => {
    await expect(notify(script('fails', text), testEvent('problem'))).rejects.toMatchObject({
      code: 'OPSBRO_HOST_DELIVERY',
      permanent: false,
      message: expect.stringMatching(message),
    });
  });

  it('is run again for the checks alone for which it failed', async () => {
    const [out, broken] = [join(scratch, 'once.txt'), join(scratch, 'broken')];
    writeFileSync(broken, '');
    const text = `[ "$NAGIOS_SERVICEDESC" = load ] && [ -e ${broken} ] && exit 1; echo "$NAGIOS_SERVICEDESC" >> ${out}`;
    const options = { command: script('once', text), args: [], environment: {}, contacts: [] };
    const alerts = ['disk', 'load', 'swap'].map((name) => ({ ...testEvent('problem').data, name }));
    const ctx = hostContext({ options });
    const several = testEvent('problem', { alerts });
    await expect(runVerb(exec, ctx, several)).rejects.toThrow('exited with 1');
    await runVerb(exec, ctx, { ...testEvent('problem', { name: 'other' }), key: 'another' });
    rmSync(broken);
    await runVerb(exec, ctx, several);
    expect(readFileSync(out, 'utf8')).toBe('disk\nother\nload\nswap\n');
    expect(ctx.state).toEqual({});
  });

  it('tells nobody the secrets of its environment', async () => {
    const command = script('leaks', 'echo "bad token $TOKEN" >&2; exit 1');
    const error = await notify(command, testEvent('problem'), { environment: { TOKEN: 's3cret' } }).catch(
      (thrown) => thrown,
    );
    expect(error.message).toMatch(/leaks exited with 1: bad token \*{8}$/);
  });

  it('is missed by name', async () => {
    await expect(notify('/no/such/script', testEvent('test'))).rejects.toMatchObject({
      code: 'OPSBRO_HOST_NOT_FOUND',
    });
  });
});

describe('variables', () => {
  it('are those of a service notification', () => {
    const event = testEvent('problem', { long_output: 'a\\b\nc', repeat: 2, escalation: 1 });
    const found = nagiosVariables(event, event.data, contact);
    expect(found).toMatchObject({
      NAGIOS_NOTIFICATIONTYPE: 'PROBLEM',
      NAGIOS_NOTIFICATIONNUMBER: '3',
      NAGIOS_NOTIFICATIONISESCALATED: '1',
      NAGIOS_HOSTNAME: 'web1',
      NAGIOS_HOSTSTATE: 'UP',
      NAGIOS_SERVICEDESC: 'load',
      NAGIOS_SERVICEDISPLAYNAME: 'Load average',
      NAGIOS_SERVICESTATE: 'CRITICAL',
      NAGIOS_SERVICESTATEID: '2',
      NAGIOS_LASTSERVICESTATE: 'OK',
      NAGIOS_SERVICESTATETYPE: 'HARD',
      NAGIOS_SERVICEATTEMPT: '3',
      NAGIOS_MAXSERVICEATTEMPTS: '3',
      NAGIOS_SERVICEOUTPUT: 'load is 42',
      NAGIOS_LONGSERVICEOUTPUT: 'a\\\\b\\nc',
      NAGIOS_SERVICEPERFDATA: 'load1=42;10;20;0',
      NAGIOS_SERVICEDURATION: '0d 0h 2m 0s',
      NAGIOS_SERVICEDURATIONSEC: '120',
      NAGIOS_LASTSERVICESTATECHANGE: '1767268680',
      NAGIOS_SERVICENOTESURL: 'https://wiki.example.org/load',
      NAGIOS_CONTACTNAME: 'sms',
      NAGIOS_TIMET: '1767268800',
      NAGIOS__SERVICETEAM: 'web',
    });
    expect(found.NAGIOS_SHORTDATETIME).toMatch(/^\d\d-\d\d-\d{4} \d\d:\d\d:\d\d$/);
    expect(found.NAGIOS_LONGDATETIME).toMatch(/^\w{3} \w{3} \d+ \d\d:\d\d:\d\d \S+ \d{4}$/);
  });

  it.each([
    ['flapping', { flapping: true }, 'FLAPPINGSTART'],
    ['flapping', { flapping: false }, 'FLAPPINGSTOP'],
    ['acknowledgement', { change: 'started', by: 'ann', comment: 'on it' }, 'ACKNOWLEDGEMENT'],
    ['downtime', { change: 'started' }, 'DOWNTIMESTART'],
    ['downtime', { change: 'ended', cause: 'expired' }, 'DOWNTIMEEND'],
    ['downtime', { change: 'ended', cause: 'removed' }, 'DOWNTIMECANCELLED'],
    ['group', {}, 'CUSTOM'],
    ['test', {}, 'CUSTOM'],
  ] as const)('of %s %j say %s', (type, data, expected) => {
    const found = nagiosVariables(testEvent(type, data), undefined, contact);
    expect(found.NAGIOS_NOTIFICATIONTYPE).toBe(expected);
    expect(found.NAGIOS_HOSTOUTPUT).toBe(testEvent(type, data).summary);
    expect(found).not.toHaveProperty('NAGIOS_SERVICEDESC');
  });

  it('name the check that was acknowledged, by whom and why', () => {
    const about = { check: 'linux/check/load', name: 'load', change: 'started', by: 'ann', comment: 'on it' };
    const standing = { state: 'critical', output: 'load is 42', perfdata: 'load1=42' };
    const found = nagiosVariables(
      testEvent('acknowledgement', { ...about, ...standing }),
      undefined,
      contact,
    );
    expect(found).toMatchObject({
      NAGIOS_NOTIFICATIONTYPE: 'ACKNOWLEDGEMENT',
      NAGIOS_NOTIFICATIONNUMBER: '1',
      NAGIOS_NOTIFICATIONAUTHOR: 'ann',
      NAGIOS_NOTIFICATIONCOMMENT: 'on it',
      NAGIOS_SERVICEACKAUTHOR: 'ann',
      NAGIOS_SERVICEACKCOMMENT: 'on it',
      NAGIOS_SERVICEDESC: 'load',
      NAGIOS_SERVICESTATE: 'CRITICAL',
      NAGIOS_LASTSERVICESTATE: 'CRITICAL',
      NAGIOS_SERVICEOUTPUT: 'load is 42',
      NAGIOS_SERVICEPERFDATA: 'load1=42',
    });
    expect(found).not.toHaveProperty('NAGIOS_HOSTOUTPUT');
  });

  it('name the check that flaps, also in an event of an older agent', () => {
    const event = testEvent('flapping', { check: 'linux/check/load', flapping: true, state: 'warning' });
    expect(nagiosVariables(event, undefined, contact)).toMatchObject({
      NAGIOS_NOTIFICATIONTYPE: 'FLAPPINGSTART',
      NAGIOS_SERVICEDESC: 'load',
      NAGIOS_SERVICESTATE: 'WARNING',
      NAGIOS_SERVICEOUTPUT: 'something happened',
    });
  });

  it('hold an address of the host, else its name', () => {
    const loopback = { family: 'IPv4', internal: true, address: '127.0.0.1' };
    const six = { family: 'IPv6', internal: false, address: '2001:db8::1' };
    const four = { family: 'IPv4', internal: false, address: '192.0.2.7' };
    const event = testEvent('test');
    const addressOf = (interfaces: Parameters<typeof hostAddress>[0]): string | undefined =>
      nagiosVariables(event, undefined, contact, hostAddress(interfaces)).NAGIOS_HOSTADDRESS;
    expect(addressOf({ lo: [loopback], eth0: [six, four] })).toBe('192.0.2.7');
    expect(addressOf({ lo: [loopback] })).toBe('web1');
  });

  it('hold nothing that the kernel refuses', () => {
    const event = testEvent('problem', { output: `a\0b${'€'.repeat(200_000)}` });
    const { NAGIOS_SERVICEOUTPUT: output = '' } = nagiosVariables(event, event.data, contact);
    expect(output.startsWith('ab€')).toBe(true);
    expect(Buffer.byteLength(output)).toBeLessThan(128 * 1024 - 100);
  });
});

describe('compliance', () => {
  for (const test of complianceSuite('handler', folder, exec, manifest))
    it.skipIf(test.skip !== undefined)(test.name, test.run);
});
