import { shellsOwn, shellWord } from './quote.ts';

/** The shell's own words that change nothing for what comes behind them but the directory. */
const harmless = new Set(['test', '[', 'true', 'false', 'echo', 'printf', 'cd', 'pwd']);

// No text can be read in two ways by these, so that they end in linear time.
const variable =
  '\\$(?:[A-Za-z0-9_]+(?![A-Za-z0-9_])|[#?$]|\\{[A-Za-z_][A-Za-z0-9_]*(?::?[-+][A-Za-z0-9_+:,./@%^ =-]*)?\\})';
const word =
  "(?:[A-Za-z0-9_+=:,./@%^*?[\\]~\\u0080-\\uffff-]|\\\\[^\\n]|'[^']*'|" +
  `${variable}|"(?:[^"\\\\$\`]|\\\\[\\s\\S]|${variable})*")+`;
/** A command: the name of a program as it stands, words and redirections, and what separates it from the next one. */
const command = new RegExp(
  `([A-Za-z0-9_./[][A-Za-z0-9_+:,./@%^-]*)(?:[ \\t]+(?:[0-9]?(?:>>|[<>]&?)[ \\t]*)?${word})*` +
    '[ \\t]*(?:(?:&&|\\|\\||[;\\n])[ \\t\\n]*|$)',
  'y',
);

/**
 * The same script with `exec` in front of its last command, where that is a program whose end is the script's: a subshell becomes it instead of
 * starting another process and waiting. A script that is more than commands one after the other stays as it is.
 */
export function endingInProgram(script: string): string {
  if (/(?:&&|\|\|)\s*$/.test(script)) return script;
  const start = script.length - script.trimStart().length;
  let last = start;
  let program = '';
  for (command.lastIndex = start; command.lastIndex < script.length; ) {
    last = command.lastIndex;
    const found = command.exec(script);
    program = found?.[1] ?? '';
    if (found === null || (shellsOwn.has(program) && !harmless.has(program))) return script;
  }
  return program === '' || shellsOwn.has(program)
    ? script
    : `${script.slice(0, last)}exec ${script.slice(last)}`;
}

/**
 * The subshell in which a lane's shell runs a script. One that was read to its end as above stands there as it is; any other is quoted and
 * evaluated, so that a quote without its end or an error of syntax stays inside: that costs a twentieth of a check more.
 */
export function subshell(script: string): string {
  const ending = endingInProgram(script);
  return ending === script ? `(eval ${shellWord(` ${script}`)})` : `( ${ending} )`;
}
