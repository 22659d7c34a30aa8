import { afterEach, beforeEach, expect, it } from 'vitest';
import { apiDocument } from '../../control/openapi/document.ts';
import { Workplace } from './workplace.ts';

let place: Workplace;

beforeEach(async () => {
  place = new Workplace();
  const document = apiDocument([
    { method: 'GET', path: '/api/v1/checks', scope: 'read' },
    { method: 'GET', path: '/api/v1/checks/:id', scope: 'read' },
    {
      ...{ method: 'POST', path: '/api/v1/things/:name/run', scope: 'write', summary: 'Run a thing' },
      schema: {
        body: {
          type: 'object',
          properties: { force: { type: 'boolean', description: 'Also when it is off.' } },
        },
        answer: { type: 'object', properties: { names: { type: 'array', items: { type: 'string' } } } },
      },
    },
  ]);
  await place.agent({ '/api/openapi.json': document });
});

afterEach(() => place.dispose());

it('lists every route with the right that it takes, to read in a terminal', async () => {
  const { code, out } = await place.opsbro(['api']);
  expect(code).toBe(0);
  const [head = '', ...rows] = out.trimEnd().split('\n');
  expect(head).toMatch(/^METHOD +PATH +SCOPE +WHAT/);
  expect(rows).toHaveLength(3);
  expect(out).toMatch(/^POST +\/api\/v1\/things\/\{name\}\/run +write +Run a thing$/m);
});

it('tells of one what it takes and answers, also by a path with a name in it', async () => {
  const { out } = await place.opsbro(['api', '/api/v1/things/web1/run']);
  expect(out).toMatch(/^POST \/api\/v1\/things\/\{name\}\/run {2}Run a thing$/m);
  expect(out).toMatch(/name \(path, required\): string/);
  expect(out).toMatch(/takes\n +force \(boolean\): Also when it is off\./);
  expect(out).toMatch(/answers 200, application\/json\n +names \(list of string\)/);
  const { out: check } = await place.opsbro(['api', '/api/v1/checks/linux/check/memory']);
  expect(check).toMatch(/^GET \/api\/v1\/checks\/\{id\}/);
});

it('is the document itself as JSON', async () => {
  const { out } = await place.opsbro(['api', '--json']);
  expect(JSON.parse(out)).toMatchObject({ openapi: expect.stringMatching(/^3\.1/) });
  const { out: one } = await place.opsbro(['api', '/api/v1/checks', '--json']);
  expect(Object.keys(JSON.parse(one))).toEqual(['/api/v1/checks']);
});

it('names the route that is probably meant', async () => {
  const { code, err } = await place.opsbro(['api', '/api/v1/check']);
  const { code: below, out } = await place.opsbro(['api', '/api/v1/thing']);
  expect([code, err, below, out.includes('{name}')]).toEqual([0, '', 0, true]);
  const wrong = await place.opsbro(['api', '/api/v1/cheks']);
  expect([wrong.code, wrong.err]).toEqual([
    expect.any(Number),
    expect.stringContaining("did you mean '/api/v1/checks'?"),
  ]);
  expect(wrong.code).not.toBe(0);
});
