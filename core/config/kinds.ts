import type { JsonObject } from 'opsbro/sdk';

const text: JsonObject = { type: 'string' };
const flag: JsonObject = { type: 'boolean' };
const texts: JsonObject = { type: 'array', items: text };
const expression: JsonObject = { type: ['string', 'boolean', 'number'], format: 'expression' };
const duration = (description: string): JsonObject => ({
  type: ['string', 'number'],
  format: 'duration',
  description,
});
const size = (description: string): JsonObject => ({
  type: ['string', 'number'],
  format: 'size',
  description,
});
const state: JsonObject = { enum: ['ok', 'warning', 'critical', 'unknown'] };
const mapping = (properties: JsonObject, required: string[] = []): JsonObject => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required,
});

const identity: JsonObject = {
  id: {
    type: 'string',
    pattern: '^[^/$\\s][^/\\n]*$',
    description: 'name, when it is not the base name of the file',
  },
  use: { type: 'string', description: 'plugin that runs this object' },
  notes: { type: ['string', 'null'] },
  enabled: flag,
  enable: flag,
  timeout: duration('time one run may take'),
  options: {
    type: 'object',
    description: "options of the plugin; they may also stand beside the object's own keys",
  },
};
const scheduled: JsonObject = {
  ...identity,
  interval: duration('time from one run to the next'),
  if_group: {
    type: ['string', 'null'],
    description: "runs only where this group is present; '*' or nothing: everywhere",
  },
};
const language: JsonObject = { enum: ['opsbro', 'javascript'], description: 'language of the expressions' };

/** JSON Schema of every kind of object, without the options of plugins. `config check` and the editors' schema both use them. */
export const kindSchemas = {
  detector: mapping({
    ...scheduled,
    language,
    apply_if: { ...expression, description: 'the groups are added while this is true' },
    add_groups: { ...texts, description: 'groups to add; placeholders are filled in' },
    groups: texts,
    tags: texts,
  }),
  check: mapping({
    ...scheduled,
    language,
    apply_on: { type: ['string', 'null'], description: 'older name of if_group' },
    script: {
      anyOf: [text, texts],
      description: 'command line of a Nagios plugin, or its arguments as a list',
    },
    critical_if: expression,
    warning_if: expression,
    ok_output: expression,
    critical_output: expression,
    warning_output: expression,
    variables: { type: 'object', additionalProperties: expression },
    display_name: text,
    handlers: { ...texts, description: 'ids of the handlers told about changes' },
    attempts: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      description: 'equal results in a row until a state is hard',
    },
    tests: {
      type: 'array',
      description: 'run by `opsbro config test`',
      items: mapping(
        {
          given: { type: 'object', description: 'collector values, by collector' },
          expect: mapping({ state, output: text }, ['state']),
        },
        ['given', 'expect'],
      ),
    },
  }),
  collector: mapping(scheduled),
  handler: mapping({
    ...identity,
    type: { type: 'string', description: 'plugin that runs this handler' },
    severities: { type: 'array', items: state, description: 'new states that call it' },
    if_group: { type: ['string', 'null'] },
    enabled_if_group: { type: ['string', 'null'] },
  }),
  service: mapping({
    enabled: flag,
    enabled_if_group: { type: ['string', 'null'] },
    notes: { type: 'string' },
  }),
  dashboard: mapping({ id: text, title: text, content: { type: 'object' }, notes: text }, [
    'title',
    'content',
  ]),
  agent: mapping({
    groups: { ...texts, default: [] },
    display_name: { ...text, default: '' },
    process_name: { ...text, default: 'opsbro' },
    'node-zone': { ...text, default: 'internet' },
    node_zone: text,
    'proxy-node': { ...flag, default: false },
    bootstrap: { ...flag, default: false },
    seeds: { ...texts, default: [] },
    port: { type: 'integer', minimum: 0, maximum: 65535, default: 6768 },
    data: text,
    log: text,
    libexec: text,
    lock: text,
    socket: text,
    log_level: {
      enum: ['DEBUG', 'INFO', 'WARNING', 'WARN', 'ERROR', 'debug', 'info', 'warning', 'warn', 'error'],
      default: 'INFO',
    },
    service_discovery_topic_enabled: { ...flag, default: true },
    automatic_detection_topic_enabled: { ...flag, default: true },
    monitoring_topic_enabled: { ...flag, default: true },
    metrology_topic_enabled: { ...flag, default: true },
    configuration_automation_topic_enabled: { ...flag, default: true },
    system_compliance_topic_enabled: { ...flag, default: true },
    datacenters: texts,
    encryption_key: { ...text, format: 'secret' },
    master_key_priv: { ...text, format: 'secret' },
    master_key_pub: text,
    variables: {
      type: 'object',
      default: {},
      description: 'free data: `$name$` and `configuration.name` see it',
    },
    limits: mapping({
      expression_cpu: { ...duration('CPU time of one evaluation'), default: '50ms' },
      expression_watchdog: { ...duration('wall time until its thread is terminated'), default: '300ms' },
      expression_memory: { ...size('memory of the expression thread'), default: '64MiB' },
      max_rss: { ...size('resident memory of the agent at which it sheds load'), default: '512MiB' },
    }),
  }),
} as const satisfies { [kind: string]: JsonObject };

const signature: JsonObject = {
  type: 'object',
  required: ['summary', 'parameters'],
  additionalProperties: false,
  properties: {
    summary: text,
    parameters: {
      type: 'array',
      items: mapping({ name: text, default: {}, rest: flag }, ['name']),
    },
    aliases: texts,
    example: mapping({ expression: text, result: {} }, ['expression']),
    timeout: duration('time one call may take'),
  },
};

/** JSON Schema of `plugin.yml`. */
export const manifestSchema: JsonObject = mapping(
  {
    api: { const: 1 },
    kind: {
      enum: 'collector detector check handler exporter listener cluster generator compliance functions'.split(
        ' ',
      ),
    },
    name: { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]{0,63}$' },
    summary: { type: 'string', minLength: 1, maxLength: 300 },
    version: text,
    platforms: texts,
    runs: { enum: ['job', 'service', 'expression', 'guest'] },
    interval: duration('default time from one run to the next'),
    timeout: duration('default time one run may take'),
    options: { type: 'object' },
    permissions: mapping({ read: texts, http: texts, tcp: texts, exec: texts, env: texts, kv: texts }),
    output: { type: 'object', additionalProperties: text },
    routes: {
      type: 'array',
      items: mapping(
        {
          method: { enum: ['GET', 'POST', 'PUT', 'DELETE'] },
          path: { type: 'string', pattern: '^/' },
          scope: { enum: ['read', 'push', 'write', 'admin'] },
          schema: { type: 'object' },
        },
        ['method', 'path', 'scope'],
      ),
    },
    functions: { type: 'object', additionalProperties: signature },
    needs: texts,
  },
  ['api', 'kind', 'name', 'summary'],
);
