import type { GuestFunctions } from 'opsbro/sdk';
import { directoryOf } from './directory-of.ts';

/** The functions of this topic, by canonical name. */
export const functions: GuestFunctions = {
  path_dirname: (py, path) => directoryOf(py.text(path ?? null, 'path_dirname')),
};
