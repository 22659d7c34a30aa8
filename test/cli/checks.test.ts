import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CheckView } from '../../core/control/shapes.ts';
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
