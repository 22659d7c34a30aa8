import { defineFunctions } from 'opsbro/sdk';
import { activeDriver } from './active-driver.ts';

export default defineFunctions({
  functions: { hosting_driver_is_active: async (ctx, name) => name === (await activeDriver(ctx)) },
});
