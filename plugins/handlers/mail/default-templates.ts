const modified = "{{ 'added' if group_modification == 'add' else 'removed' }}";

/** A mail may tell of checks that are gone, and of those that are as they were when the last one was sent. */
const happened = `{% if check['removed'] %}was {{ check['old_state'] }} and ended{% elif check['repeat'] or check['change'] == 'same' %}is still {{ check['state'] }}{% else %}switched from {{ check['old_state'] or 'pending' }} to {{ check['state'] }}{% endif %}`;

/** What a mail is made of when no template is given, by topic. */
export const defaultTemplates = {
  check: {
    subject: `{% if repeat > 0 %}Still: {% endif %}Check {{ check['name'] }} {{ 'is no longer run' if check['removed'] else 'switched to ' + check['state'] + ' state' }}{% if alerts | length > 1 %} (and {{ alerts | length - 1 }} more){% endif %} on {{ node }}`,
    text: `{% for check in alerts %}The check {{ check['display_name'] or check['name'] }} ${happened} at {{ _time }} with the output:
{{ check['output'] }}
{% if check['long_output'] %}{{ check['long_output'] }}
{% endif %}{% if check['notes'] %}
{{ check['notes'] }}
{% endif %}{% if check['runbook'] %}
Runbook: {{ check['runbook'] }}
{% endif %}{% for label, value in check['labels'] %}{{ label }}: {{ value }}
{% endfor %}{{ '' if loop.last else '\\n' }}{% endfor %}
-- 
OpsBro on {{ node }}, handler {{ handler['name'] }}
`,
  },
  group: {
    subject: `Group {{ group }} was ${modified} on {{ node }}`,
    text: `The group {{ group }} was ${modified} on {{ node }} at {{ _time }}\n`,
  },
  node: {
    subject: '{{ title }}',
    text: `{{ summary }}

{% for fact in facts %}{{ fact['title'] }}: {{ fact['value'] }}
{% endfor %}
At {{ _time }} on {{ node }}
`,
  },
  compliance: {
    subject: "Compliance {{ compliance['name'] }} is {{ compliance['state'] }} on {{ node }}",
    text: "The compliance {{ compliance['name'] }} did change state from {{ compliance['old_state'] }} to {{ compliance['state'] }} at {{ _time }}\n",
  },
  other: {
    subject: '{{ title }}',
    text: '{{ summary }}\n\nAt {{ _time }} on {{ node }}\n',
  },
} as const;

/** The HTML part of every mail: what matters at a glance, then the text as it is. Inline styles alone, since mail programs drop the rest. */
export const defaultHtml = `<!doctype html>
<html lang="en">
<body style="margin:0;padding:16px;background:#f4f5f7;font-family:system-ui,sans-serif;color:#1f2328">
<table role="presentation" style="max-width:640px;width:100%;border-collapse:collapse;background:#ffffff">
<tr><td style="padding:16px;background:{{ color }};color:#ffffff;font-size:18px;font-weight:600">{{ title }}</td></tr>
<tr><td style="padding:16px">
{% for check in alerts %}<p style="margin:0 0 8px"><strong>{{ check['display_name'] or check['name'] }}</strong> {{ 'CLOSED' if check['removed'] else check['state'] | upper }}, was {{ check['old_state'] }}</p>
<pre style="margin:0 0 16px;padding:8px;background:#f4f5f7;white-space:pre-wrap">{{ check['output'] }}{% if check['long_output'] %}
{{ check['long_output'] }}{% endif %}</pre>
{% if check['notes'] %}<p>{{ check['notes'] }}</p>
{% endif %}{% if check['runbook'] %}<p><a href="{{ check['runbook'] }}">Runbook</a></p>
{% endif %}{% else %}<p>{{ summary }}</p>
{% if event['type'] == 'node' %}<p>{% for fact in facts %}{{ fact['title'] }}: {{ fact['value'] }}<br>
{% endfor %}</p>
{% endif %}{% endfor %}<p style="color:#59636e;font-size:13px">{{ _time }} on {{ node }}</p>
</td></tr>
</table>
</body>
</html>
`;
