import { describe, expect, it } from 'vitest';
import type { Found } from './detection.ts';
import { answerDetect } from './routes.ts';

const found = (uuid: string, proxy = false): Found => ({
  uuid,
  name: uuid,
  display_name: '',
  address: '127.0.0.2',
  port: 6768,
  zone: 'lan',
  groups: [],
  proxy,
});
const request = (body: unknown) =>
  ({ route: '', method: 'POST', params: {}, query: {}, body }) as Parameters<typeof answerDetect>[1];

/** The answer, with what was looked and joined. */
async function ask(body: unknown, answers: Found[]) {
  const did: unknown[] = [];
  const reply = await answerDetect(
    {
      detection: {
        look: async (timeoutMs) => {
          did.push(timeoutMs);
          return answers;
        },
      },
      zone: 'lan',
      join: async (endpoint) => {
        did.push(endpoint);
        return true;
      },
    },
    request(body),
  );
  return { reply, did };
}

describe('the route of detection', () => {
  it('gives who was found, and joins nobody unasked', async () => {
    const { reply, did } = await ask(null, [found('b')]);
    expect(reply).toEqual({ status: 200, body: [found('b')] });
    expect(did).toEqual([5000]);
  });

  it('joins a proxy first', async () => {
    const { reply, did } = await ask({ auto_join: true, timeout: 1 }, [found('b'), found('c', true)]);
    expect(reply.body).toEqual([found('b'), { ...found('c', true), joined: true }]);
    expect(did).toEqual([1000, '127.0.0.2:6768']);
  });

  it.each([{ timeout: 0 }, { timeout: 26 }, { timeout: '5' }, { auto_join: 'yes' }])(
    'refuses %j',
    async (body) => {
      const { reply, did } = await ask(body, []);
      expect([reply.status, did]).toEqual([400, []]);
    },
  );

  it('says when too many ask', async () => {
    const reply = await answerDetect(
      {
        detection: {
          look: () => {
            throw new RangeError('4 detections run already');
          },
        },
        zone: 'lan',
        join: async () => true,
      },
      request({}),
    );
    expect(reply).toMatchObject({ status: 503, body: { error: { code: 'OPSBRO_AGENT_BUSY' } } });
  });
});
