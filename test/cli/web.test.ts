import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Workplace } from './workplace.ts';

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
});

afterEach(() => place.dispose());

const path = '/api/v1/sessions';
const opened = {
  ...{ url: 'http://127.0.0.1:6770/ui/open?ticket=x', path: '/ui/open?ticket=x', scope: 'read' },
  ...{ valid_until: new Date().toISOString(), expires_at: new Date().toISOString() },
};
const session = {
  ...{ name: 'web-1', scope: 'write', state: 'valid', created_at: new Date().toISOString() },
  ...{ expires_at: new Date(Date.now() + 7_200_500).toISOString(), last_used_at: null },
};

describe('opsbro web', () => {
  it('prints the address alone on stdout, and sends what it opens and for how long', async () => {
    let sent: { [key: string]: unknown } = {};
    await place.agent({
      [`POST ${path}`]: (body: typeof sent) => {
        sent = body;
        return { ...opened, ...body };
      },
    });
    const printed = await place.opsbro(['web', 'open', '--scope', 'write', '--expires', '8h']);
    expect([printed.code, printed.out]).toEqual([0, `${opened.url}\n`]);
    expect(printed.err).toContain('once, within five minutes; there one may write');
    expect(sent.scope).toBe('write');
    expect(Math.round((Date.parse(String(sent.expires_at)) - Date.now()) / 3_600_000)).toBe(8);
    const elsewhere = await place.opsbro(['web', 'open', '--url', 'https://m.example/opsbro/', '--json']);
    expect(JSON.parse(elsewhere.out).url).toBe('https://m.example/opsbro/ui/open?ticket=x');
    expect(elsewhere.err).toBe('');
  });

  it('lists sessions, ends them, and names the one that is probably meant', async () => {
    const none = { error: { code: 'OPSBRO_API_NOT_FOUND', message: "no session 'web-2'" } };
    const known = { [`DELETE ${path}/web-1`]: { revoked: 'web-1' }, [`DELETE ${path}/web-2`]: none };
    await place.agent({ [path]: [session], ...known });
    const { out } = await place.opsbro(['web', 'sessions', 'list']);
    expect(out).toMatch(/^NAME +SCOPE +STATE +EXPIRES +CREATED +USED\nweb-1 +write +valid +in (2h|1h 59m)/);
    expect(await place.opsbro(['web', 'sessions', 'revoke', 'web-1'])).toMatchObject({ code: 0 });
    const { code, err } = await place.opsbro(['web', 'sessions', 'revoke', 'web-2']);
    expect([code, err]).toEqual([2, expect.stringContaining("did you mean 'web-1'?")]);
  });

  it.each([
    [['--scope', 'push'], "'push' is none of read, write, admin"],
    [['--expires', 'soon'], "'soon' is no time that is to come"],
    [['--url', 'monitor.example.org'], "'monitor.example.org' is no URL"],
    [['--url', 'javascript:alert(1)'], 'is no URL'],
  ])('open %j is wrong usage', async (words, message) => {
    const { code, err } = await place.opsbro(['web', 'open', ...words]);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });

  it.each([`no route POST ${path}`, 'this agent shows no page'])(
    'names the YAML that starts the page where the agent says %s',
    async (message) => {
      await place.agent({ [`POST ${path}`]: { error: { code: 'OPSBRO_API_NOT_FOUND', message } } });
      const { code, err } = await place.opsbro(['web', 'open']);
      expect([code, err]).toEqual([1, expect.stringContaining('web: { enabled: true }')]);
    },
  );
});
