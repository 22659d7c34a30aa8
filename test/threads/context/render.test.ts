import type { JsonObject } from 'opsbro/sdk';
import { afterAll, describe, expect, it } from 'vitest';
import { createRender } from '../../../threads/context/render.ts';
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
