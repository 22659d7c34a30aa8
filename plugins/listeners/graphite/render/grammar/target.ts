/** What a target, or an argument of one, says. */
export type Target = PathTarget | CallTarget | TemplateTarget | Literal;

/** A pattern of metric names. */
export interface PathTarget {
  kind: 'path';
  text: string;
}

/** A function and its arguments, in order and by name. */
export interface CallTarget {
  kind: 'call';
  name: string;
  args: Target[];
  named: ReadonlyMap<string, Target>;
}

/** `template(expression, values…)`: `$1` or `$name` in the expression stand for the values. */
export interface TemplateTarget {
  kind: 'template';
  body: Target;
  values: ReadonlyMap<string, string>;
}

/** A number keeps whether it was written as an integer: names of series print it so. */
export type Literal =
  | { kind: 'number'; value: number; isInteger: boolean }
  | { kind: 'string'; value: string }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'none' };

/** A target that cannot be read or computed; the message says why, for whoever asked. */
export class TargetError extends Error {}
