import type { FunctionSpec } from '../evaluate/function-spec.ts';
import { arithmeticFunctions } from '../transforms/arithmetic.ts';
import { differenceFunctions } from '../transforms/differences.ts';
import { forecastFunctions } from '../transforms/forecast.ts';
import { gapFunctions } from '../transforms/gaps.ts';
import { shiftFunctions } from '../transforms/shifts.ts';
import { summaryFunctions } from '../transforms/summaries.ts';
import { windowFunctions } from '../transforms/windows.ts';
import { combineFunctions } from './combine.ts';
import { drawingFunctions } from './drawing.ts';
import { filterFunctions } from './filters.ts';
import { groupFunctions } from './groups.ts';
import { nameFunctions } from './names.ts';
import { percentFunctions } from './percent.ts';
import { sortingFunctions } from './sorting.ts';
import { sourceFunctions } from './sources.ts';

/** Every function that targets may call, under its name and its short ones. */
export const catalogue: ReadonlyMap<string, FunctionSpec> = new Map(
  [
    arithmeticFunctions,
    combineFunctions,
    differenceFunctions,
    drawingFunctions,
    filterFunctions,
    forecastFunctions,
    gapFunctions,
    groupFunctions,
    nameFunctions,
    percentFunctions,
    shiftFunctions,
    sortingFunctions,
    sourceFunctions,
    summaryFunctions,
    windowFunctions,
  ]
    .flat()
    .flatMap((spec) =>
      [spec.name, ...(spec.aliases ?? [])].map((name): [string, FunctionSpec] => [name, spec]),
    ),
);
