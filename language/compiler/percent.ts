import type { Node } from './ast.ts';
import { type Emitter, literal } from './emit.ts';

/**
 * `'…%s…' % value` with plain conversions as a concatenation after `start`, which is much faster than reading the format at each
 * run; where a value turns out to be neither number nor text, the general way is taken. undefined for every other format.
 */
export function percentCode(
  node: Node & { kind: 'binary' },
  start: string,
  emitter: Emitter,
): string | undefined {
  if (node.left.kind !== 'constant' || typeof node.left.value !== 'string') return undefined;
  const pieces = node.left.value.split(/(%.?)/s);
  const values = node.right.kind === 'tuple' ? node.right.items : [node.right];
  const conversions = pieces.filter((_, index) => index % 2 === 1);
  if (conversions.some((one) => one !== '%s' && one !== '%%')) return undefined;
  if (conversions.filter((one) => one === '%s').length !== values.length) return undefined;
  const operands = values.map((value) => operand(value, emitter));
  const refs = operands.map(({ ref }) => ref);
  const fast = concatenation(node.left, start, refs, emitter);
  const value =
    node.right.kind === 'tuple' ? `${emitter.operation('tuple')}([${refs.join(',')}])` : refs.join(',');
  const general = `${emitter.operation('mod')}(${emitter.written(node.left, node.left.value).code},${value})`;
  const slow = start === '' ? general : `${literal(start)}+${emitter.operation('txt')}(${general})`;
  const checks = operands.map(({ check }) => check).filter((check) => check !== '');
  const sets = operands.map(({ set }) => set).join(',');
  return checks.length === 0 ? `(${sets},${fast})` : `(${sets},${checks.join('&&')}?${fast}:${slow})`;
}

function operand(value: Node, emitter: Emitter): { set: string; ref: string; check: string } {
  const { code, type } = emitter.emit(value);
  const ref = emitter.temporary();
  const isKnown = type === 'number' || type === 'real' || type === 'text';
  const check = isKnown ? '' : `(typeof ${ref}==="number"||typeof ${ref}==="string")`;
  return { set: `${ref}=${code}`, ref, check };
}

/** Literal pieces and printed values in turn, neighbouring literals joined. */
function concatenation(
  template: Node & { kind: 'constant' },
  start: string,
  refs: string[],
  emitter: Emitter,
): string {
  const texts = [start];
  for (const [index, piece] of String(template.value).split(/(%.?)/s).entries()) {
    if (piece === '%s' && index % 2 === 1) texts.push('');
    else texts[texts.length - 1] += index % 2 === 1 ? '%' : piece;
  }
  const codes = texts.flatMap((text, index) => {
    // The first text stays even when empty: it makes the result a text.
    const code = text === '' && index > 0 ? [] : [emitter.written(template, text, index + 1).code];
    return index < refs.length ? [...code, `${emitter.operation('s')}(${refs[index]})`] : code;
  });
  return codes.join('+');
}
