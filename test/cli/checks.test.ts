import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CheckView } from '../../control/shapes.ts';
import { Workplace } from './workplace.ts';

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
});

afterEach(() => place.dispose());

const check: CheckView = {
  id: 'a/check/load',
  name: 'load',
  pack: 'a',
  display_name: 'load',
  state: 'warning',
  hard: true,
  attempt: 1,
  attempts: 1,
  retry_interval: null,
  for: 0,
  pending_since: null,
  hard_state: 'warning',
  hard_since: null,
  stale: false,
  flapping: false,
  flapping_percent: 0,
  episode: 1,
  output: 'high',
  long_output: '',
  perfdata: [],
  since: null,
  last_run: null,
  next_run: null,
  interval: 10,
  active: true,
  inactive_because: '',
  if_group: null,
  missing: [],
  error: null,
  notes: '',
  shadow: false,
  held: [],
};
const bad = {
  severity: 'error',
  code: 'OPSBRO_CONFIG_SYNTAX',
  message: 'broken',
  place: { file: '/c/a/load.yml', line: 2, column: 3 },
};
const status = { bad_files: ['/c/a/load.yml'], diagnostics: [bad] };

describe('opsbro checks show', () => {
  it('says that the last good version runs while the file is bad, and where', async () => {
    await place.agent({
      '/api/v1/checks/load': check,
      '/api/v1/config/status': status,
      '/api/v1/config/running': [{ id: check.id, digest: 'x', file: '/c/a/load.yml' }],
    });
    const { code, out } = await place.opsbro(['checks', 'show', 'load']);
    expect(code).toBe(1);
    expect(out).toMatch(/^WARNING - load: high$/m);
    expect(out).toMatch(/^outdated: its last good version runs, since \/c\/a\/load.yml:2:3: broken$/m);
    const json = JSON.parse((await place.opsbro(['checks', 'show', 'load', '--json'])).out);
    expect(json).toEqual({ ...check, file_errors: [bad] });
  });

  it('says who holds back what, and until when', async () => {
    const until = '2026-01-01T18:30:00.000Z';
    const held = [
      { kind: 'downtime', id: 'work', by: 'ann', text: "downtime 'work' of ann: new disk", until },
      { kind: 'acknowledgement', id: check.id, by: 'ben', text: 'acknowledgement of ben', until: null },
      { kind: 'silence', id: 'quiet', by: 'cat', text: 'silence of cat', until: null },
    ];
    await place.agent({
      '/api/v1/checks/load': { ...check, held },
      '/api/v1/checks': [{ ...check, held }],
      '/api/v1/config/status': { bad_files: [], diagnostics: [] },
    });
    const marks = '(in downtime until 2026-01-01T18:30Z, acknowledged by ben, silenced)';
    const { out } = await place.opsbro(['checks', 'show', 'load']);
    expect(out).toContain(`warning ${marks}`);
    expect(out).toMatch(/^held: +downtime 'work' of ann: new disk$/m);
    for (const verb of ['state', 'list']) expect((await place.opsbro(['checks', verb])).out).toContain(marks);
  });

  it('says nothing of the errors of other files', async () => {
    await place.agent({
      '/api/v1/checks/load': check,
      '/api/v1/config/status': status,
      '/api/v1/config/running': [{ id: check.id, digest: 'x', file: '/c/a/other.yml' }],
    });
    expect((await place.opsbro(['checks', 'show', 'load'])).out).not.toContain('outdated');
  });

  it('names the bad file of a check that never ran', async () => {
    await place.agent({ '/api/v1/checks': [], '/api/v1/config/status': status });
    const { code, out } = await place.opsbro(['checks', 'show', 'load']);
    expect(code).toBe(3);
    expect(out).toContain('its file is bad: /c/a/load.yml:2:3: broken');
  });
});

describe('opsbro checks history', () => {
  const entry = (id: string, name: string) => ({
    at: 'then',
    id,
    name,
    old_state: 'ok',
    state: 'critical',
    log: '',
  });

  it('names objects that share their name by their ids', async () => {
    await place.agent({
      '/api/v1/history/checks': {
        entries: [entry('a/check/load', 'load'), entry('b/check/load', 'load'), entry('a/check/cpu', 'cpu')],
      },
      '/api/v1/checks': [],
    });
    const { out } = await place.opsbro(['checks', 'history']);
    expect(out.split('\n').map((line) => line.split(/ +/)[1])).toEqual([
      'NAME',
      'a/check/load',
      'b/check/load',
      'cpu',
      undefined,
    ]);
  });

  it('does so when only one of them changed, and leaves alone what has no id', async () => {
    await place.agent({
      '/api/v1/history/checks': { entries: [entry('', 'load'), entry('a/check/load', 'load')] },
      '/api/v1/checks': [check, { ...check, id: 'b/check/load' }],
    });
    const { out } = await place.opsbro(['checks', 'history']);
    expect(out).toMatch(/^then +load +ok/m);
    expect(out).toMatch(/^then +a\/check\/load +ok/m);
  });
});

describe('opsbro checks state', () => {
  it('marks what is soft, stale or flapping, and counts nothing old as ok', async () => {
    await place.agent({
      '/api/v1/checks': [
        { ...check, display_name: 'fresh', state: 'ok' },
        { ...check, display_name: 'old', state: 'ok', stale: true },
        { ...check, display_name: 'soft', state: 'critical', hard: false, attempt: 2, attempts: 3 },
        { ...check, display_name: 'wild', state: 'ok', flapping: true },
      ],
    });
    const { out } = await place.opsbro(['checks', 'state']);
    expect(out).toContain('fresh  √ OK\n');
    expect(out).toContain('old    ~ OK (stale)\n');
    expect(out).toContain('soft   ✗ CRITICAL (soft 2/3)\n');
    expect(out).toContain('wild   √ OK (flapping)\n');
  });

  describe('of some', () => {
    const found = async (...words: string[]) => {
      const { code, out, err } = await place.opsbro(['checks', 'state', ...words]);
      return { code, names: [...out.matchAll(/> (\S+)/g)].map(([, name]) => name), out, err };
    };
    beforeEach(() =>
      place.agent({
        '/api/v1/checks': [
          { ...check, id: 'a/check/load', name: 'load', display_name: 'Load', state: 'ok' },
          { ...check, id: 'a/check/cpu', name: 'cpu', display_name: 'CPU', state: 'critical' },
          { ...check, id: 'a/check/off', name: 'off', display_name: 'off', state: 'critical', active: false },
          { ...check, id: 'a/check/new', name: 'new', display_name: 'new', state: 'pending' },
          {
            ...check,
            id: 'push/check/web1/queue',
            name: 'web1/queue',
            display_name: 'old',
            stale: true,
            state: 'ok',
          },
        ],
      }),
    );

    it('names them by id, name, display name, or any of these with *', async () => {
      expect((await found('load', 'cpu')).names).toEqual(['Load', 'CPU']);
      expect((await found('a/check/cpu')).names).toEqual(['CPU']);
      expect((await found('web1/*')).names).toEqual(['old']);
      expect((await found('off')).names).toEqual(['off']);
      expect((await found('l*d')).names).toEqual(['Load']);
      expect(JSON.parse((await found('cpu', '--json')).out)).toHaveLength(1);
    });

    it('shows with --problems what is not well, and nothing else', async () => {
      expect((await found('--problems')).names).toEqual(['CPU', 'old']);
      expect((await found('--problems')).err).toBe('');
      expect((await found('--problems', 'load')).out).toBe('no problems\n');
      expect(JSON.parse((await found('--problems', '--json')).out)).toHaveLength(2);
    });

    it('says which name was meant', async () => {
      expect(await found('cpuu')).toMatchObject({
        code: 2,
        err: "opsbro: no check 'cpuu'; did you mean 'cpu'?\n",
      });
      expect(await found('zzz*')).toMatchObject({ code: 2, names: [] });
    });
  });

  it('says in show what a soft state waits for and which hard one it replaces', async () => {
    const soft = {
      ...check,
      hard: false,
      hard_state: 'ok',
      for: 300,
      pending_since: '2026-01-01T00:00:00Z',
      flapping: true,
      flapping_percent: 41.5,
    };
    await place.agent({
      '/api/v1/checks/load': soft,
      '/api/v1/config/status': { bad_files: [], diagnostics: [] },
    });
    const { out } = await place.opsbro(['checks', 'show', 'load']);
    expect(out).toMatch(/^state: +warning \(soft, hard after 5m, flapping\)$/m);
    expect(out).toMatch(/^for: +hard after 5m, not ok since 2026-01-01T00:00:00Z$/m);
    expect(out).toMatch(/^hard: +ok$/m);
    expect(out).toMatch(/^flapping: +41.5 % changes of state$/m);
  });

  it('puts the age of a kept verdict into the first line of show, and ends with no green that is old', async () => {
    await place.agent({
      '/api/v1/checks/load': { ...check, state: 'ok', hard_state: 'ok', stale: true },
      '/api/v1/config/status': { bad_files: [], diagnostics: [] },
    });
    const { code, out } = await place.opsbro(['checks', 'show', 'load']);
    expect([code, out.split('\n')[0]]).toEqual([3, 'OK (stale) - load: high']);
  });
});

describe('opsbro checks history NAME', () => {
  const entry = (name: string, more: object = {}) => ({
    at: 'then',
    id: `a/check/${name}`,
    name,
    old_state: 'ok',
    state: 'critical',
    log: 'full',
    ...more,
  });
  const entries = [
    entry('load', { cause: 'run', hard: false, stale: false }),
    entry('cpu'),
    entry('load', { cause: 'attempts', hard: true, stale: false }),
  ];

  it('tells the changes of one check and why they came', async () => {
    await place.agent({ '/api/v1/history/checks': { entries }, '/api/v1/checks': [check] });
    const { out } = await place.opsbro(['checks', 'history', 'Load']);
    expect(out.split('\n').map((line) => line.split(/ {2,}/).slice(4))).toEqual([
      ['WHY', 'LOG'],
      ['run (soft)', 'full'],
      ['attempts', 'full'],
      [],
    ]);
  });

  it('names the nearest check when there is none of that name', async () => {
    await place.agent({ '/api/v1/history/checks': { entries }, '/api/v1/checks': [check] });
    const { code, err } = await place.opsbro(['checks', 'history', 'laod']);
    expect(code).toBe(2);
    expect(err).toContain("no check 'laod'; did you mean 'load'?");
  });
});
