import { describe, expect, it } from 'vitest';
import { ClusterEvents } from './cluster-events.ts';
import { answerEvents } from './routes.ts';

const epochMs = Date.UTC(2026, 0, 1);

function routes() {
  let ids = 0;
  let nowMs = 0;
  const newId = (): string => {
    ids += 1;
    return `id${ids}`;
  };
  const events = new ClusterEvents({ self: 'u1', now: () => nowMs, newId });
  const parts = {
    events,
    now: () => epochMs + nowMs,
    nameOf: (uuid: string) => `name of ${uuid}`,
    displayNameOf: (uuid: string) => `display name of ${uuid}`,
  };
  const ask = (method: string, body: unknown, query = {}) =>
    answerEvents(parts, { route: '', method, params: {}, query, body: body as never });
  return {
    ask,
    wait: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('the routes of events', () => {
  it('tell an event, and which are kept', () => {
    const { ask, wait } = routes();
    const told = {
      ...{ id: 'id1', name: 'deploy', payload: { version: 3 }, from: 'u1' },
      ...{ node: 'name of u1', display_name: 'display name of u1' },
    };
    const at = '2026-01-01T00:00:00.000Z';
    expect(ask('POST', { name: 'deploy', payload: { version: 3 } })).toEqual({
      status: 200,
      body: { ...told, at },
    });
    wait(60_000);
    ask('POST', { name: 'other' });
    expect(ask('GET', null, { name: 'deploy' })).toEqual({ status: 200, body: [{ ...told, at }] });
    expect(ask('GET', null).body).toMatchObject([{ name: 'deploy' }, { name: 'other', payload: null }]);
  });

  it.each([null, {}, { name: 3 }, { name: 'a b' }, { name: 'a', payload: 'x'.repeat(512) }])(
    'refuse %j',
    (body) => {
      expect(routes().ask('POST', body)).toMatchObject({
        status: 400,
        body: { error: { code: 'OPSBRO_API_INVALID' } },
      });
    },
  );
});
