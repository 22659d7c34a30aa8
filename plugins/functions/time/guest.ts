import type { GuestFunctions } from 'opsbro/sdk';

/** The functions of this topic, by canonical name. */
export const functions: GuestFunctions = {
  now: (py) => Math.floor(py.facts.now / 1_000),
};
