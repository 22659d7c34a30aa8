import { defineFunctions } from 'opsbro/sdk';
import { isInstalled } from './installed.ts';

export default defineFunctions({
  functions: { has_package: (ctx, name) => isInstalled(ctx, name ?? null) },
});
