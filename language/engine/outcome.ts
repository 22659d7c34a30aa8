import type { Json, VerdictState } from 'opsbro/sdk';
import type { ErrorCode, PlainError } from '../../core/errors.ts';
import type { Outcome, Program } from '../program.ts';

/** A call of a host function that an evaluation waits for; `key` is equal for equal calls. */
export interface Need {
  key: string;
  name: string;
  args: Json[];
}

/** What went wrong, and in which expression: its stage, or the variable whose it is. */
interface Fault {
  code: string;
  message: string;
  stage?: number;
  variable?: string;
}

const states: VerdictState[] = ['ok', 'warning', 'critical', 'unknown'];
/** What the guest and the lane call errors, which a JavaScript expression cannot choose. */
const codes: { [short: string]: ErrorCode } = {
  TYPE: 'OPSBRO_EXPRESSION_TYPE',
  VALUE: 'OPSBRO_EXPRESSION_VALUE',
  LIMIT: 'OPSBRO_EXPRESSION_LIMIT',
  UNKNOWN_FUNCTION: 'OPSBRO_EXPRESSION_UNKNOWN_FUNCTION',
  FUNCTION: 'OPSBRO_EXPRESSION_FUNCTION',
  ROUNDS: 'OPSBRO_EXPRESSION_ROUNDS',
  TIMEOUT: 'OPSBRO_EXPRESSION_TIMEOUT',
  KILLED: 'OPSBRO_EXPRESSION_KILLED',
  MEMORY: 'OPSBRO_EXPRESSION_MEMORY',
  BUSY: 'OPSBRO_AGENT_BUSY',
};
/** Faults that end the sandbox, and with it the knowledge of what it was doing. */
const vague = new Set(['KILLED', 'MEMORY']);
const fields = ['critical_if', 'critical_output', 'warning_if', 'warning_output', '', 'ok_output'];

/**
 * Reads what the guest said of one evaluation: a digit is a check's state and the rest its text; a letter stands before JSON
 * (`m` a verdict that met missing keys, `u` missing where a value is needed, `e` error, `n` need, `g` groups, `v` value).
 */
export function decode(output: string, program: Program): Outcome | Need {
  const letter = output.charCodeAt(0);
  if (letter >= 48 && letter <= 50)
    return { kind: 'verdict', state: states[letter - 48] as VerdictState, output: output.slice(1) };
  return output === ''
    ? failed({ code: 'KILLED', message: 'the evaluation gave nothing' }, program)
    : parsed(output, program);
}

function parsed(output: string, program: Program): Outcome | Need {
  const json = JSON.parse(output.slice(1)) as { [key: string]: Json };
  const missing = unique((json.missing as string[] | undefined) ?? []);
  switch (output[0]) {
    case 'm':
      return {
        kind: 'verdict',
        state: states[json.state as number] as VerdictState,
        output: json.output as string,
        missing,
      };
    case 'u':
      return lacking(program, missing, json.stage as number);
    case 'n': {
      const args = json.args as Json[];
      return { key: JSON.stringify([json.name as string, args]), name: json.name as string, args };
    }
    case 'g':
      return {
        kind: 'groups',
        matched: json.matched as boolean,
        groups: unique(json.groups as string[]),
        ...(missing.length > 0 ? { missing } : {}),
      };
    case 'v':
      return {
        kind: 'value',
        value: json.value as Json,
        text: json.text as string,
        ...(missing.length > 0 ? { missing } : {}),
        ...(json.trace === undefined ? {} : { trace: json.trace }),
      } as Outcome;
    default:
      return failed(json as unknown as Fault, program);
  }
}

const unique = (names: string[]): string[] => [...new Set(names)];

function lacking(program: Program, missing: string[], stage: number): Outcome {
  if (program.kind === 'detector') return { kind: 'groups', matched: false, groups: [], missing };
  if (program.kind === 'value') return { kind: 'value', value: null, text: '?', missing };
  return {
    kind: 'verdict',
    state: 'unknown',
    output: `${place(program, stage)}${missing.join(', ')} is missing`,
    missing,
  };
}

function place(program: Program, stage: number | undefined): string {
  const field = program.kind === 'check' && stage !== undefined ? fields[stage] : '';
  return field === undefined || field === '' ? '' : `${field}: `;
}

/** What a terminated thread was at is not known but for the program: one of its expressions. */
function suspects({ code, stage, variable }: Fault, program: Program): string {
  if (variable !== undefined) return `variables.${variable}: `;
  const { fields = [] } = program;
  if (!vague.has(code) || fields.length === 0) return place(program, stage);
  return fields.length === 1 ? `${fields[0]}: ` : `one of ${fields.join(', ')}: `;
}

function failed(found: Fault, program: Program): Outcome {
  const message = suspects(found, program) + found.message;
  const error: PlainError = { code: codes[found.code] ?? 'OPSBRO_EXPRESSION_VALUE', message };
  if (program.kind === 'check')
    return { kind: 'verdict', state: 'unknown', output: `${error.code}: ${message}`, error };
  return program.kind === 'detector'
    ? { kind: 'groups', matched: false, groups: [], error }
    : { kind: 'error', error };
}
