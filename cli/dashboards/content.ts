import type { Json, JsonObject } from 'opsbro/sdk';

/** What can be drawn. */
export type WidgetKind = 'horizontal_gauge' | 'horizontal_chart' | 'donut' | 'text';

/** A leaf of a dashboard. `value` is an expression. */
export interface Widget {
  kind: WidgetKind;
  title: string;
  unit: string;
  value: string;
  /** What is full: 100 of a gauge and a donut; of a chart what is highest, unless it is given. */
  max: number | undefined;
  warning: number | undefined;
  critical: number | undefined;
}

/** Boxes above each other (`vertical`) or side by side (`horizontal`). */
export interface Split {
  kind: 'vertical' | 'horizontal';
  nodes: Node[];
}

/** A part of a dashboard. */
export type Node = Widget | Split;

/** A dashboard as it is configured. */
export interface Dashboard {
  id: string;
  pack: string;
  name: string;
  title: string;
  content: Node;
  /** Its leaves in order. */
  widgets: Widget[];
}

const splits: { [key: string]: Split['kind'] } = {
  vertical_split: 'vertical',
  horizontal_split: 'horizontal',
};
const kinds: ReadonlySet<string> = new Set<WidgetKind>([
  'horizontal_gauge',
  'horizontal_chart',
  'donut',
  'text',
]);

/** True for what holds other parts. */
export function isSplit(node: Node): node is Split {
  return 'nodes' in node;
}

/** The dashboard of an object of the configuration, which was validated when it was loaded. */
export function dashboardOf(id: string, keys: JsonObject): Dashboard {
  const [pack = '', , ...name] = id.split('/');
  const content = nodeOf(keys.content ?? null);
  const title = textOf(keys.title) || name.join('/');
  return { id, pack, name: name.join('/'), title, content, widgets: widgetsOf(content) };
}

/** A node of the content; what is none becomes a text that says so. */
function nodeOf(content: Json): Node {
  const [[key, value] = ['', null]] = Object.entries(isMapping(content) ? content : {});
  const split = splits[key];
  if (split !== undefined && Array.isArray(value)) return { kind: split, nodes: value.map(nodeOf) };
  const isWidget = kinds.has(key) && isMapping(value);
  const keys = isWidget ? (value as JsonObject) : {};
  const kind = isWidget ? (key as WidgetKind) : 'text';
  return {
    kind,
    title: textOf(keys.title),
    unit: textOf(keys.unit),
    value: isWidget ? textOf(keys.value) : JSON.stringify(`'${key}' cannot be drawn`),
    max: numberOf(keys.max),
    warning: numberOf(keys.warning),
    critical: numberOf(keys.critical),
  };
}

function widgetsOf(node: Node): Widget[] {
  return isSplit(node) ? node.nodes.flatMap(widgetsOf) : [node];
}

function isMapping(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: Json | undefined): string {
  return value === undefined || value === null ? '' : String(value);
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
