import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Workplace } from './workplace.ts';

let place: Workplace;
let main: string;
let out: string;

const objects = `define command {
  command_name c
  command_line $USER1$/check -p $USER3$
}
define host {
  host_name localhost
}
define host {
  host_name web-1
  address 10.0.0.1
}
define service {
  host_name *
  service_description Disk
  check_command c
  event_handler mend
}
define service {
  host_name web-1
  service_description Plain
  check_command plain
  max_check_attempts 3
}
define command {
  command_name plain
  command_line /bin/true
}
`;

beforeEach(() => {
  place = new Workplace();
  out = join(place.folder, 'out');
  main = join(place.folder, 'nagios.cfg');
  writeFileSync(join(place.folder, 'objects.cfg'), objects);
  writeFileSync(join(place.folder, 'resource.cfg'), '$USER1$=/usr/lib\n$USER3$=secret\n');
  writeFileSync(main, 'resource_file=resource.cfg\ncfg_file=objects.cfg\n');
});
afterEach(() => place.dispose());

const nagios = (...words: string[]): ReturnType<Workplace['opsbro']> =>
  place.opsbro(['import', 'nagios', main, '--out', out, ...words]);

describe('import nagios', () => {
  it('writes the checks of this machine, and says what differs and what is left out', async () => {
    const { code, out: said, err } = await nagios();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(said).toContain(`wrote 1 file to ${out}: 1 check of 1 host, 0 handlers\n`);
    expect(said).toContain('left out 1 host: web-1\n');
    expect(said).toMatch(
      /carried, but different:\n.*resource\.cfg:2: service 'Disk' on 'localhost': \$USER3\$ stands/,
    );
    expect(said).toMatch(
      /not carried:\n(.*\n)*.*objects\.cfg:16: service 'Disk' on 'localhost': the event handler 'mend'/,
    );
    const file = join(out, 'localhost/monitoring/disk.yml');
    expect(readFileSync(file, 'utf8')).toContain('script: /usr/lib/check -p secret\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await place.opsbro(['config', 'check', out], null)).code).toBe(0);
  });

  it('takes a host by name, several, or all, and nobody else', async () => {
    const hosts = async (...words: string[]): Promise<string[]> =>
      (JSON.parse((await nagios('--dry-run', '--json', ...words)).out) as { hosts: string[] }).hosts;
    expect(await hosts('--host', 'web-1')).toEqual(['web-1']);
    expect(await hosts('--host', 'web-1', '--host', 'localhost')).toEqual(['web-1', 'localhost']);
    expect(await hosts('--all-hosts')).toEqual(['localhost', 'web-1']);
  });

  it('writes nothing with --dry-run, and shows each file with --json', async () => {
    const { code, out: said } = await nagios('--all-hosts', '--dry-run', '--json');
    expect(code).toBe(0);
    expect(said).toContain('***');
    expect(said).not.toContain('-p secret');
    expect(existsSync(out)).toBe(false);
    expect(JSON.parse(said)).toMatchObject({
      written: false,
      checks: 3,
      handlers: 0,
      files: expect.arrayContaining([
        { path: 'web-1/monitoring/plain.yml', text: expect.stringContaining('attempts: 3\n') },
      ]),
      carried: expect.arrayContaining([
        {
          file: join(place.folder, 'objects.cfg'),
          line: 18,
          object: "service 'Plain' on 'web-1'",
          to: 'web-1/check/plain',
        },
      ]),
      not_carried: expect.arrayContaining([expect.objectContaining({ line: 16, objects: 2 })]),
      errors: [],
    });
  });

  it('never writes over a file, unless --force says so, and then writes none of the others', async () => {
    mkdirSync(join(out, 'web-1/monitoring'), { recursive: true });
    writeFileSync(join(out, 'web-1/monitoring/plain.yml'), 'mine\n');
    const refused = await nagios('--all-hosts');
    expect(refused.code).toBe(2);
    expect(refused.err).toContain(
      'there is already web-1/monitoring/plain.yml; name another directory by --out',
    );
    expect(existsSync(join(out, 'localhost'))).toBe(false);
    expect((await nagios('--all-hosts', '--force')).code).toBe(0);
    expect(readFileSync(join(out, 'web-1/monitoring/plain.yml'), 'utf8')).toContain('check:\n');
  });

  it('carries the rest of a source with errors, names them by file and line, and exits 78', async () => {
    writeFileSync(join(place.folder, 'objects.cfg'), `${objects}define hots {\n}\n`);
    const { code, out: said } = await nagios();
    expect(code).toBe(78);
    expect(said).toMatch(
      /errors in the source:\n.*objects\.cfg:28: there is no kind of object 'hots'; did you mean 'host'\?/,
    );
    expect(existsSync(join(out, 'localhost/monitoring/disk.yml'))).toBe(true);
  });

  it('says which file it wants when it is given one with objects', async () => {
    const { code, err } = await place.opsbro(['import', 'nagios', join(place.folder, 'objects.cfg')]);
    expect(code).toBe(2);
    expect(err).toContain("objects.cfg' defines no host: it has to be the main file, such as nagios.cfg");
  });

  it.each([
    [['--host', 'web1'], 2, "defines no host 'web1'; did you mean 'web-1'?"],
    [['--host', 'web-1', '--all-hosts'], 2, "either '--host' or '--all-hosts'"],
  ])('with %j exits %i', async (words, expected, message) => {
    const { code, err } = await nagios(...words);
    expect(code).toBe(expected);
    expect(err).toContain(message);
  });

  it('says that a main file is not there, or that none of its hosts is this machine', async () => {
    const gone = await place.opsbro(['import', 'nagios', join(place.folder, 'gone.cfg')]);
    expect(gone).toMatchObject({ code: 78, err: expect.stringContaining("gone.cfg': it does not exist") });
    writeFileSync(
      join(place.folder, 'objects.cfg'),
      'define host {\nhost_name a\n}\ndefine host {\nhost_name b\n}\n',
    );
    const none = await nagios();
    expect(none).toMatchObject({
      code: 2,
      err: expect.stringContaining('name one by --host, or --all-hosts: a, b'),
    });
  });

  it('says so when it cannot write', async () => {
    writeFileSync(out, 'a file');
    const { code, err } = await nagios();
    expect(code).toBe(1);
    expect(err).toMatch(/cannot write '.*disk\.yml'/);
  });
});

describe('import overc', () => {
  const view = {
    ...{ state: 'done', dry_run: false, error: null, more: 0 },
    servers: { found: 2, carried: 1, known: 1 },
    services: { found: 3, carried: 3, known: 0 },
    states: { found: 9, carried: 9 },
    alerts: { found: 1, carried: 1 },
    not_carried: [{ object: 'web2', what: 'it has no key there' }],
  };
  const overc = (...words: string[]): ReturnType<Workplace['opsbro']> =>
    place.opsbro(['import', 'overc', main, '--out', out, ...words]);

  beforeEach(() => {
    writeFileSync(main, '[overc]\ndatabase=mysql://u:p@db/overc\n[alert:mail]\ncommand=./mail.sh\n');
  });

  it('writes the files, has the running push server take the data, and may be run again', async () => {
    const asked: unknown[] = [];
    await place.agent({
      'POST /api/v1/push/import': (body: unknown) => asked.push(body) && view,
      'GET /api/v1/push/import': view,
    });
    const first = await overc();
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toContain(`wrote 2 files to ${out}: the push server, 1 handler\n`);
    expect(first.out).toContain('  servers: 1 of 2, 1 were here already\n');
    expect(first.out).toContain('  web2: it has no key there\n');
    expect((await overc()).out).toContain('wrote 0 files');
    expect(asked).toEqual(
      Array.from({ length: 2 }, () => ({ database: 'mysql://u:p@db/overc', days: 7, dry_run: false })),
    );
    expect((await place.opsbro(['config', 'check', out], null)).code).toBe(0);
    writeFileSync(join(out, 'overc/push.yml'), 'overc: {}\n');
    expect(await overc()).toMatchObject({
      code: 2,
      err: expect.stringContaining('there is already overc/push.yml'),
    });
    expect((await overc('--force')).code).toBe(0);
  });

  it('says why no data was carried, and writes nothing with --dry-run', async () => {
    writeFileSync(main, '[overc]\ndatabase=mysql://u:p@db/overc\napi_auth=ann:hunter2\n');
    const shown = (await overc('--dry-run', '--json')).out;
    expect(shown).toContain('api_auth: \\"***');
    expect(shown).not.toContain('hunter2');
    const dry = await overc('--dry-run');
    expect(dry).toMatchObject({ code: 1, out: expect.stringContaining('no data was looked at: ') });
    expect(existsSync(out)).toBe(false);
    await place.agent({});
    expect((await overc()).out).toContain('no data was carried: the agent runs without its push server');
    expect((await overc('--days', '0')).code).toBe(2);
  });
});
