import type { JsonObject } from 'opsbro/sdk';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultHtml, defaultTemplates } from '../../../plugins/handlers/mail/default-templates.ts';
import { createRender, templateFault } from '../../../threads/templates/render.ts';
import { jobOf, openPool } from '../plugin-fixtures.ts';

const render = createRender(new AbortController().signal);
const data: JsonObject = {
  check: {
    name: 'disk',
    state: 'critical',
    output: '<b>95% & more</b>',
    labels: { team: 'web', items: 'own' },
  },
  group: 'linux',
  list: [3, 1, 2],
  nothing: null,
};

describe('a template', () => {
  it.each([
    ["Check {{check['name']}} switched to {{check['state']}} state", 'Check disk switched to critical state'],
    [
      '{{ check.state.upper() }} {{ check.state | upper }} {{ group.capitalize() }}',
      'CRITICAL CRITICAL Linux',
    ],
    ["{% if check.state == 'critical' and not False %}bad{% else %}good{% endif %}", 'bad'],
    ['{% if nothing == None %}none{% endif %}{{ nothing }}{{ unknown.deep }}', 'none'],
    ["{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %}", 'a=1'],
    ["{{ check.get('name') }} {{ check.get('absent', 'default') }}", 'disk default'],
    [
      '{% for n in list | sort %}{{ loop.index }}:{{ n }}{{ "," if not loop.last }}{% endfor %}',
      '1:1,2:2,3:3',
    ],
    ['{{ list[0:2] }} {{ group[0:3] }} {{ group.replace("l", "L") }}', '3,1 lin Linux'],
    ["{{ group.startswith('li') }} {{ 'a,b'.split(',') | length }} {{ ','.join(['x', 'y']) }}", 'true 2 x,y'],
    ["{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m('y') }}{% set z = 4 %}{{ z // 3 }}", '[y]1'],
    ['{{ check.labels.items }} {{ {"a": [1]} | tojson }}', 'own {"a":[1]}'],
    ['{{ check.output }}', '<b>95% & more</b>'],
  ])('%s', async (template, text) => {
    expect(await render(template, data)).toBe(text);
  });

  it('escapes for HTML what it is told to, and only that', async () => {
    const template = '<p>{{ check.output }}</p>{{ "<br>" | safe }}{{ check.name.upper() }}';
    expect(await render(template, data, { html: true })).toBe(
      '<p>&lt;b&gt;95% &amp; more&lt;/b&gt;</p><br>DISK',
    );
  });

  it('leaves its data as it was', async () => {
    const own = { list: [1] };
    await render('{{ list.append(2) }}{{ list | join }}', own);
    expect(own).toEqual({ list: [1] });
  });
});

describe('a hostile template', () => {
  it.each([
    '{{ group.constructor }}',
    '{{ ("").constructor.constructor("return process")() }}',
    '{{ check.constructor.constructor("return process")() }}',
    '{{ range.constructor("return process")() }}',
    '{{ constructor }}{{ __proto__ }}{{ toString }}{{ valueOf }}',
    '{{ check["__proto__"] }}{{ list.map }}{{ list.constructor }}',
    '{{ check.get("__proto__").__defineGetter__("x", range) }}{{ check.get("constructor") }}',
    '{{ joiner.prototype }}{{ cycler("a").next.constructor("return 1")() }}',
    '{% macro m() %}{% endmacro %}{{ m.constructor("return process")() }}',
    '{{ (group | escape).constructor.constructor("return process")() }}',
  ])('reaches no code by %s', async (template) => {
    const text = await render(template, data).catch(({ code, message }) => `${code} ${message}`);
    expect(text).toMatch(/^(|OPSBRO_HOST_TEMPLATE .*(undefined|not a function).*)$/);
  });

  it.each([
    ['{% include "/etc/passwd" %}', 'template not found: /etc/passwd'],
    ['{% extends "base.html" %}', 'template not found: base.html'],
    ['{% import "x" as y %}', 'template not found: x'],
  ])('reads no file by %s', async (template, reason) => {
    await expect(render(template, data)).rejects.toMatchObject({
      code: 'OPSBRO_HOST_TEMPLATE',
      message: expect.stringContaining(reason),
    });
  });

  it.each([
    ['first\n{{ a b }}', 'template:2:6: expected variable end'],
    ['{% if %}', 'unexpected token: %}'],
    ['{% for x in y %}', 'unexpected end of file'],
    ['{{ a | nothing }}', 'filter not found: nothing'],
  ])('is refused with the place of the mistake: %j', async (template, reason) => {
    await expect(render(template, data)).rejects.toMatchObject({
      code: 'OPSBRO_HOST_TEMPLATE',
      message: expect.stringContaining(reason),
    });
  });

  it('is refused when it is too large, or its text', async () => {
    await expect(render('x'.repeat(300_000), {})).rejects.toThrow('over 262144 bytes');
    await expect(render('{% for i in range(200000) %}0123456789{% endfor %}', {})).rejects.toThrow(
      'over 1048576 bytes',
    );
  });
});

describe('what is wrong with a template', () => {
  it.each([
    ['{% if x', { reason: 'expected block end in if statement' }],
    ['{% if x %}down', { reason: 'parseIf: expected elif, else, or endif, got end of file' }],
    ['first\n{{ a b }}', { line: 2, column: 6, reason: 'expected variable end' }],
    ['{{ a }}\n{{ b | nosuchfilter }}', { line: 2, column: 8, reason: 'filter not found: nosuchfilter' }],
    [
      '{{ a | uper | lower }}',
      { line: 1, column: 8, reason: "filter not found: uper; did you mean 'upper'?" },
    ],
    ['{{ a | first_of | nothing }}', { line: 1, column: 8, reason: 'filter not found: first_of' }],
    [
      '{% if false %}{{ a is evn }}{% endif %}',
      { line: 1, column: 23, reason: "test not found: evn; did you mean 'even'?" },
    ],
    ['{% filter shout %}a{% endfilter %}', { line: 1, column: 11, reason: 'filter not found: shout' }],
    ['{% include "a.tpl" %}', { line: 1, column: 4, reason: 'a template reaches no other template' }],
    ['{% extends "a.tpl" %}', { line: 1, column: 4, reason: 'a template reaches no other template' }],
    ['{% from "a.tpl" import b %}', { line: 1, column: 4, reason: 'a template reaches no other template' }],
    ['{{ "é" }}{{ a.b( }}', { line: 1, reason: expect.stringContaining('unexpected token') }],
    ['{{ a"b }}', { reason: 'missing ) after argument list' }],
    ['{{ a is true }}', { line: 1, column: 9, reason: 'test not found: true' }],
  ])('is told before it is filled: %j', (template, fault) => {
    expect(templateFault(template)).toMatchObject(fault);
  });

  it('is told of one that is too large or nested too deeply', () => {
    expect(templateFault('x'.repeat(300_000))).toEqual({ reason: 'it is over 262144 bytes' });
    expect(templateFault(`{{ ${'('.repeat(200_000)}`)).toEqual({
      reason: 'Maximum call stack size exceeded',
    });
  });

  it.each(['[', '[a:', '[b [c'])(
    'is told within a moment of %j that is left open many times',
    async (open) => {
      const template = `{{ a ${open.repeat(40)}`;
      expect(templateFault(template)).toMatchObject({ reason: expect.any(String) });
      await expect(render(template, {})).rejects.toMatchObject({ code: 'OPSBRO_HOST_TEMPLATE' });
    },
  );

  it('is nothing of brackets that are closed, however many', () => {
    const lists = `{{ ${'['.repeat(30)}1${']'.repeat(30)} }}{{ a${'[0]'.repeat(300)} }}`;
    expect(templateFault(`${lists}{{ a[b[c[d[1:2]:]:]:] }}`)).toBeNull();
  });

  it.each([
    '',
    'none',
    'plain { text } 100%',
    "{% for k, v in {'a': 1}.items() if v %}{{ list[0:2] }}{{ k | tojson }}{% endfor %}",
    '{{ a is defined and a is not none and a is divisibleby(3) }}',
    '{% include "a.tpl" ignore missing %}{# {{ a | nothing }} #}{% raw %}{{ a | nothing }}{% endraw %}',
    '{{ "a | nothing" }}{{ unknown.deep(1) }}{{ nobody() }}',
  ])('is nothing of %j', (template) => {
    expect(templateFault(template)).toBeNull();
  });

  it('is nothing of the built-in ones', () => {
    const texts = Object.values(defaultTemplates).flatMap(({ subject, text }) => [subject, text]);
    expect([...texts, defaultHtml].map(templateFault).filter((fault) => fault !== null)).toEqual([]);
  });
});

describe('a template that never ends', () => {
  const { pool } = openPool();
  afterAll(() => pool.close(0));

  it('ends with its thread, at the timeout of the job', async () => {
    const options = {
      template: '{% for a in range(30000) %}{% for b in range(30000) %}{% endfor %}{% endfor %}',
    };
    expect(await pool.run(jobOf('renders', { options, timeoutMs: 500 }))).toMatchObject({
      status: 'failed',
      error: { code: 'OPSBRO_PLUGIN_TIMEOUT' },
    });
    expect(await pool.run(jobOf('renders', { options: { template: '{{ a }}', a: 1 } }))).toMatchObject({
      status: 'done',
      value: { text: '1' },
    });
  });
});
