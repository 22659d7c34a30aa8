/**
 * Compiles a regular expression written for Python's `re` with `re.I`. Spellings that JavaScript lacks are translated: `(?P<n>…)`,
 * `(?P=n)`, `\A`, `\Z` and leading flags such as `(?i)` or `(?s)`. Throws with a message for what cannot be compiled.
 */
export function pythonPattern(source: string): RegExp {
  const leading = /^\(\?([aimsu]+)\)/.exec(source);
  const flags = new Set(['i', ...(leading?.[1] ?? '').replace(/[^ims]/g, '')]);
  const body = source
    .slice(leading?.[0].length ?? 0)
    .replace(/\\.|\(\?P<|\(\?P=(\w+)\)/gs, (token, name: string | undefined) => {
      if (token === '\\A') return '(?<![^])';
      if (token === '\\Z') return '(?![^])';
      if (token === '(?P<') return '(?<';
      return name === undefined ? token : `\\k<${name}>`;
    });
  try {
    return new RegExp(body, [...flags].join(''));
  } catch (cause) {
    throw new Error(`'${source}' is not a regular expression: ${(cause as Error).message}`, {
      cause,
    });
  }
}
