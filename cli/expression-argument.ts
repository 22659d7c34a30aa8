/** Words after which an expression follows. */
const expressionVerbs = new Set(['eval', 'wait-eval-true']);
/** The only words that are options there, and how many values each takes; every other word is the expression. */
const optionValues: { [option: string]: number } = {
  '--explain': 0,
  '--json': 0,
  '--no-color': 0,
  '--help': 0,
  '--data': 1,
  '--config': 1,
  '--language': 1,
  '--as': 1,
  '--timeout': 1,
};

/**
 * Moves the expression of `evaluator eval` and `evaluator wait-eval-true` behind `--`, since `-1 + 2` or `-v` is an expression there
 * and never an option. Other command lines come back as they are.
 */
export function protectExpression(argv: string[]): string[] {
  const noun = argv.indexOf('evaluator');
  if (noun < 0 || !expressionVerbs.has(argv[noun + 1] ?? '') || argv.slice(0, noun).includes('--'))
    return argv;
  const options: string[] = [];
  const rest: string[] = [];
  for (let at = noun + 2; at < argv.length; at += 1) {
    const word = argv[at] as string;
    if (word === '--') {
      rest.push(...argv.slice(at + 1));
      break;
    }
    const values = Object.hasOwn(optionValues, word) ? optionValues[word] : undefined;
    if (values === undefined && !(word === '-h' && argv.length === at + 1 && rest.length === 0)) {
      if (isOptionWithValue(word)) options.push(word);
      else rest.push(word);
      continue;
    }
    options.push(...argv.slice(at, at + 1 + (values ?? 0)));
    at += values ?? 0;
  }
  return [...argv.slice(0, noun + 2), ...options, '--', ...rest];
}

function isOptionWithValue(word: string): boolean {
  const equals = word.indexOf('=');
  return equals > 0 && optionValues[word.slice(0, equals)] === 1;
}
