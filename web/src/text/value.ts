import type { Json } from 'opsbro/sdk';
import { numberText } from './quantity.ts';

/** A value as people read it: text without quotes, numbers short, the rest as JSON. */
export function valueText(value: Json | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberText(value);
  return JSON.stringify(value);
}
