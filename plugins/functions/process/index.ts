import { defineFunctions } from 'opsbro/sdk';
import { processNames } from './process-names.ts';

export default defineFunctions({ functions: { process_names: (ctx) => processNames(ctx) } });
