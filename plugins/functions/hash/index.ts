import { defineFunctions } from 'opsbro/sdk';
import { hashString } from './hash-string.ts';

export default defineFunctions({
  functions: { hash: (_ctx, string, algorithm) => hashString(string ?? null, algorithm ?? null) },
});
