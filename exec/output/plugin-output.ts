import type { VerdictState } from 'opsbro/sdk';
import { type Perfdatum, parsePerfdata } from './perfdata.ts';

/** What a command printed, as the Nagios plugin API tells it. */
export interface PluginOutput {
  state: VerdictState;
  /** The text of the first line; in front of it why the state is UNKNOWN where not the command said so. */
  output: string;
  /** The texts of the lines behind it. */
  longOutput: string;
  perfdata: Perfdatum[];
}

/** What is known of a run beside its output and end. */
export interface RunEnd {
  /** The output goes on beyond what was kept. */
  truncated?: boolean;
  /** Why the command was ended. */
  killedFor?: 'timeout' | 'flood' | null;
  timedOut?: boolean;
  timeoutMs?: number;
  /** Why the command did not run at all. */
  refused?: string | null;
}

const states: VerdictState[] = ['ok', 'warning', 'critical', 'unknown'];
/** Figures kept of one run: each becomes a metric. */
const maxFigures = 2_000;
/** Colours of a terminal, and control characters that could steer one. */
const colours = /\x1b\[[0-9;?]*[ -/]*[@-~]/g;
const controls = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
/** Most outputs have none of the above, nor a return, which is one look. */
const unclean = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

/**
 * Reads a Nagios plugin's output and end: text up to the first `|` of a line, performance data behind it; from the first `|` below the
 * first line on, all is performance data. Exit codes 0 to 3 are the state; anything else is UNKNOWN with the reason in the output.
 * Total, in linear time; control characters are replaced.
 */
export function readPluginOutput(
  text: string,
  code: number | null,
  signal: string | null,
  end: RunEnd = {},
): PluginOutput {
  const isCut = end.truncated === true || end.timedOut === true || end.killedFor != null;
  const { output, longOutput, perfdata } = split(text, isCut);
  const reason = reasonOf(code, signal, end);
  const said = reason === '' || output === '' ? reason + output : `${reason}: ${output}`;
  const dropped = Math.max(0, perfdata.length - maxFigures);
  const notes = [
    longOutput,
    end.truncated === true ? '[the rest of the output was dropped]' : '',
    dropped > 0 ? `[${dropped} more figures were dropped]` : '',
  ];
  return {
    state: reason === '' ? (states[code ?? 3] as VerdictState) : 'unknown',
    output: said === '' ? '(no output)' : said,
    longOutput: notes.filter((part) => part !== '').join('\n'),
    perfdata: dropped > 0 ? perfdata.slice(0, maxFigures) : perfdata,
  };
}

/** Why the command's own word does not count; '' when it does. */
function reasonOf(code: number | null, signal: string | null, end: RunEnd): string {
  const { refused, killedFor, timedOut, timeoutMs } = end;
  if (typeof refused === 'string') return `not run: ${refused}`;
  if (killedFor === 'timeout' || timedOut === true)
    return timeoutMs === undefined ? 'timed out' : `timed out after ${timeoutMs / 1000} s`;
  if (killedFor === 'flood') return 'killed because it wrote too much';
  if (signal !== null) return `ended by ${signal}`;
  if (code === null) return 'ended without an exit code';
  if (code === 126) return 'cannot be executed (exit code 126)';
  if (code === 127) return 'command not found (exit code 127)';
  return states[code] === undefined ? `exit code ${code} is none of 0 to 3` : '';
}

/** The parts of an output. Where it was cut, a last figure that may be half of one is left out. */
function split(text: string, isCut: boolean): Omit<PluginOutput, 'state'> {
  // What ends with a newline was not cut in a figure.
  const lines = (isCut ? clean(text) : clean(text).trimEnd()).split('\n');
  const first = lines.findIndex((line) => line.trim() !== '');
  const texts: string[] = [];
  const perfdata: Perfdatum[] = [];
  let isPerfdata = false;
  for (let index = Math.max(first, 0); index < lines.length; index += 1) {
    const line = lines[index] as string;
    const bar = isPerfdata ? -1 : line.indexOf('|');
    if (!isPerfdata) texts.push(bar === -1 ? line : line.slice(0, bar));
    if (!isPerfdata && bar === -1) continue;
    isPerfdata ||= index > first;
    const figures = line.slice(bar + 1);
    const isHalf = isCut && index === lines.length - 1;
    for (const figure of parsePerfdata(isHalf ? withoutLastWord(figures) : figures)) perfdata.push(figure);
  }
  const [output = '', ...more] = texts;
  if (more.length === 0) return { output: output.trim(), longOutput: '', perfdata };
  const longOutput = more.map((line) => line.trimEnd()).join('\n');
  return { output: output.trim(), longOutput: longOutput.replace(/^\n+/, '').trimEnd(), perfdata };
}

function clean(text: string): string {
  if (!unclean.test(text)) return text;
  return text.replaceAll('\r\n', '\n').replaceAll(colours, '').replaceAll(controls, '\u{fffd}');
}

function withoutLastWord(line: string): string {
  const words = line.split(/\s/);
  return words.slice(0, -1).join(' ');
}
