import type { Json, JsonObject } from 'opsbro/sdk';
import { OpsbroError } from '../../core/errors.ts';

/** Throws `OPSBRO_API_INVALID`: what a guest gave is not what the call takes. */
export function invalid(what: string): never {
  throw new OpsbroError('OPSBRO_API_INVALID', what);
}

/** A text of at most `maxBytes` that is passed on as it is. */
export function dataOf(value: Json | undefined, name: string, maxBytes: number): string {
  if (typeof value !== 'string') invalid(`${name} must be a text, found ${kindOf(value)}`);
  if (value.length > maxBytes || Buffer.byteLength(value) > maxBytes)
    invalid(`${name} is over ${maxBytes} bytes`);
  return value;
}

/** A text of at most `maxBytes` that names something, and so has no NUL. */
export function textOf(value: Json | undefined, name: string, maxBytes: number): string {
  const text = dataOf(value, name, maxBytes);
  return text.includes('\0') ? invalid(`${name} contains a NUL character`) : text;
}

/** A whole number; one beyond `most` counts as `most`. */
export function numberOf(value: Json | undefined, name: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least)
    invalid(`${name} must be a whole number from ${least} on, found ${kindOf(value)}`);
  return Math.min(value, most);
}

/** The same, or what is meant when it is left out. */
export function optionalNumber(
  options: JsonObject,
  name: string,
  { least, most, otherwise }: { least: number; most: number; otherwise: number },
): number {
  const value = field(options, name);
  return value === undefined ? otherwise : numberOf(value, name, least, most);
}

/** True or false, or what is meant when it is left out. */
export function optionalFlag(options: JsonObject, name: string, otherwise: boolean): boolean {
  const value = field(options, name) ?? otherwise;
  return typeof value === 'boolean'
    ? value
    : invalid(`${name} must be true or false, found ${kindOf(value)}`);
}

/** A text, or undefined when it is left out. */
export function optionalText(
  options: JsonObject,
  name: string,
  maxBytes: number,
  read: typeof textOf = textOf,
): string | undefined {
  const value = field(options, name);
  return value === undefined ? undefined : read(value, name, maxBytes);
}

/** An object with no other fields than those named; left out, it is empty. */
export function objectOf(value: Json | undefined, name: string, fields: readonly string[]): JsonObject {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    invalid(`${name} must be an object, found ${kindOf(value)}`);
  const strange = Object.keys(value).find((key) => !fields.includes(key));
  if (strange !== undefined) invalid(`${name} has no field '${strange.slice(0, 40)}' for sandboxed plugins`);
  return value;
}

/** A list of at most `most` texts. */
export function textsOf(value: Json | undefined, name: string, most: number, maxBytes: number): string[] {
  if (!Array.isArray(value)) invalid(`${name} must be a list, found ${kindOf(value)}`);
  if (value.length > most) invalid(`${name} has more than ${most} items`);
  return value.map((item) => textOf(item, name, maxBytes));
}

/** An own field; null counts as left out. */
export function field(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
}

/** What a value is, for messages. What is undefined in the guest is null here. */
function kindOf(value: Json | undefined): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string'
    ? 'a text'
    : typeof value === 'number'
      ? `the number ${value}`
      : String(value);
}
