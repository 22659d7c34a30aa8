import { expect, it } from 'vitest';
import { docsPage } from './docs-page.ts';
import { prototypeOf } from './old-routes.ts';

const page = docsPage({
  info: { title: 'A <b>', description: 'with `code`' },
  tags: [{ name: 'checks' }],
  paths: {
    '/checks/{name}': {
      get: {
        summary: 'one <script>alert(1)</script>',
        tags: ['checks'],
        'x-opsbro-scope': 'read',
        parameters: [{ name: 'name', in: 'path', required: true, schema: { type: 'string' } }],
        responses: {
          200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Check' } } } },
        },
      },
    },
  },
  components: {
    schemas: {
      Check: {
        type: 'object',
        required: ['id'],
        properties: { id: { type: 'string' }, held: { type: 'array', items: { type: 'string' } } },
      },
    },
  },
});

it('shows every route with what it takes and answers, and asks nothing of anybody', () => {
  for (const text of [
    'GET</b> <code>/checks/{name}</code> <i>read</i>',
    'with <code>code</code>',
    'href="#schema-Check"',
    'list of string',
  ])
    expect(page).toContain(text);
  expect(page).not.toMatch(/<script|style=|https?:|\ssrc=|\son\w+=/);
  expect([...page.matchAll(/(?:href)="([^"#]+)"/g)].map(([, to]) => to)).toEqual([
    'docs.css',
    'openapi.json',
  ]);
});

it.each([
  ['f()', []],
  [
    'f(a, b=1, *rest)',
    [
      ['a', '__NO_DEFAULT__'],
      ['b', '1'],
      ['*rest', '__NO_DEFAULT__'],
    ],
  ],
  ["f(sep=', ')", [['sep', "', '"]]],
])('reads the parameters of %s', (text, expected) => {
  expect(prototypeOf(text)).toEqual(expected);
});
