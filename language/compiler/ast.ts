/** Where a node stands in the expression's text, in UTF-16 units. */
export interface At {
  from: number;
  to: number;
}

/** A `for` or an `if` of a comprehension. */
export type Clause = { for: Target; in: Node } | { if: Node };
/** What a comprehension binds: a name, or a tuple of them. */
export type Target = string | Target[];
/** Operators of comparisons. */
export type CompareOperator = '<' | '<=' | '>' | '>=' | '==' | '!=' | 'in' | 'not in' | 'is' | 'is not';

/** An expression as the compiler accepts it: nothing else of Python exists here. */
export type Node = At &
  (
    | { kind: 'constant'; value: null | boolean | number | bigint | string }
    | { kind: 'placeholder'; index: number }
    | { kind: 'text'; parts: (string | Node)[] }
    | { kind: 'field'; value: Node; conversion: string; spec: Node | null }
    | { kind: 'name'; name: string }
    | { kind: 'list' | 'tuple' | 'set'; items: Node[] }
    | { kind: 'dict'; pairs: [Node, Node][] }
    | { kind: 'binary'; operator: string; left: Node; right: Node }
    | { kind: 'unary'; operator: '-' | '+' | '~' | 'not'; operand: Node }
    | { kind: 'and' | 'or'; operands: Node[] }
    | { kind: 'compare'; first: Node; rest: [CompareOperator, Node][] }
    | { kind: 'if'; test: Node; yes: Node; otherwise: Node }
    | { kind: 'call'; name: string; args: Node[]; named: [string, Node][] }
    | { kind: 'method'; target: Node; name: string; args: Node[]; named: [string, Node][] }
    | { kind: 'item'; target: Node; index: Node }
    | { kind: 'slice'; target: Node; bounds: [Node | null, Node | null, Node | null] }
    | {
        kind: 'comprehension';
        result: 'list' | 'set' | 'dict';
        element: Node;
        value: Node | null;
        clauses: Clause[];
      }
  );
