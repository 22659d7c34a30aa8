import { parser } from '@lezer/python';

/** Python's grammar; loaded only where expressions are compiled, never in the main thread. */
export { parser };

/** A node of the grammar's tree. */
export type SyntaxNode = ReturnType<typeof parser.parse>['topNode'];
