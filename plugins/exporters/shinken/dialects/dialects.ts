import type { Dialect } from './dialect.ts';
import { icinga2 } from './icinga2.ts';
import { naemon } from './naemon.ts';
import { nagios } from './nagios.ts';
import { shinken } from './shinken.ts';

/** The tools that can be written for, by their name in the option `monitoring_tool`. */
export const dialects = { shinken, nagios, icinga2, naemon } satisfies { [tool: string]: Dialect };

/** One of their names. */
export type Tool = keyof typeof dialects;
