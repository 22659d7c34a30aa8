import type { JsonObject } from 'opsbro/sdk';
import data from './kinds.json' with { type: 'json' };

/** A JSON Schema of a mapping with known keys. */
export interface KindSchema extends JsonObject {
  properties: JsonObject;
}

type Kinds = { [Kind in keyof typeof data.kinds]: KindSchema };

/** JSON Schema of every kind of object, without the options of plugins. `config check` and the editors' schema both use them. */
export const kindSchemas = data.kinds as unknown as Kinds;

/** JSON Schema of `plugin.yml`. */
export const manifestSchema = data.manifest as unknown as KindSchema;

/** Dashboards nest: whatever is called `value` anywhere below `content` is an expression. */
export const dashboardNode: JsonObject = {};
dashboardNode.properties = { value: { format: 'expression' } };
dashboardNode.additionalProperties = dashboardNode;
dashboardNode.items = dashboardNode;
