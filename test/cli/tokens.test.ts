import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Workplace } from './workplace.ts';

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
});

afterEach(() => place.dispose());

const path = '/api/v1/tokens';
const grafana = {
  ...{ name: 'grafana', scope: 'read', state: 'valid', created_at: new Date().toISOString() },
  ...{ expires_at: null, last_used_at: null },
};

describe('opsbro tokens', () => {
  it('prints a new token alone on stdout, and sends when it ends', async () => {
    let sent: { [key: string]: unknown } = {};
    await place.agent({
      [`POST ${path}`]: (body: typeof sent) => {
        sent = body;
        return { ...grafana, ...body, token: 'opsbro_x' };
      },
    });
    const made = await place.opsbro(['tokens', 'add', 'deploy', '--scope', 'write', '--expires', '90d']);
    expect([made.code, made.out]).toEqual([0, 'opsbro_x\n']);
    expect(made.err).toContain('shown this once');
    expect(sent).toMatchObject({ name: 'deploy', scope: 'write' });
    const days = (Date.parse(String(sent.expires_at)) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(90);
    const asJson = await place.opsbro(['tokens', 'add', 'deploy', '--json']);
    expect([JSON.parse(asJson.out).token, asJson.err]).toEqual(['opsbro_x', '']);
  });

  it('lists them without any secret', async () => {
    await place.agent({ [path]: [grafana, { ...grafana, name: 'old', state: 'expired' }] });
    const { code, out } = await place.opsbro(['tokens', 'list']);
    expect(code).toBe(0);
    expect(out).toMatch(/^NAME +SCOPE +STATE +EXPIRES +CREATED +USED\ngrafana +read +valid +never/);
    expect(out).toMatch(/^old .* expired/m);
  });

  it('revokes, and names the one that is probably meant', async () => {
    const none = { error: { code: 'OPSBRO_API_NOT_FOUND', message: "no token 'grafan'" } };
    const known = { [`DELETE ${path}/grafana`]: { revoked: 'grafana' }, [`DELETE ${path}/grafan`]: none };
    await place.agent({ [path]: [grafana], ...known });
    expect(await place.opsbro(['tokens', 'revoke', 'grafana'])).toMatchObject({ code: 0 });
    const { code, err } = await place.opsbro(['tokens', 'revoke', 'grafan']);
    expect([code, err]).toEqual([2, expect.stringContaining("did you mean 'grafana'?")]);
  });

  it.each([
    [['--scope', 'root'], "'root' is none of read, push, write, admin"],
    [['--expires', 'soon'], "'soon' is no time that is to come"],
    [['--expires', '2001-01-01'], 'is no time that is to come'],
  ])('add %j is wrong usage', async (words, message) => {
    const { code, err } = await place.opsbro(['tokens', 'add', 'x', ...words]);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });

  it('names the YAML that starts the service where it does not run', async () => {
    const message = `no route GET ${path}`;
    await place.agent({ [path]: { error: { code: 'OPSBRO_API_NOT_FOUND', message } } });
    const { code, err } = await place.opsbro(['tokens', 'list']);
    expect([code, err]).toEqual([1, expect.stringContaining('http: { enabled: true }')]);
  });
});
