import type { Context, HandlerEvent } from '../context.ts';
import type {
  CheckDefinition,
  CollectorDefinition,
  DetectorDefinition,
  ExporterDefinition,
  HandlerDefinition,
} from '../define.ts';
import type { ExportedFacts } from '../facts.ts';
import type { JsonObject, Verdict } from '../values.ts';

/** What a verb came to. A verb that throws makes the promise reject with what it threw. */
export type VerbOutcome<Value> =
  | { status: 'done'; value: Value }
  | { status: 'not-eligible'; reason: string };

/** Thrown by `ctx.notEligible` of the testing contexts; `runVerb` turns it into an outcome. */
export class NotEligible extends Error {
  readonly code = 'NOT_ELIGIBLE';
  readonly reason: string;

  constructor(reason: string) {
    super(`not eligible: ${reason}`);
    this.name = 'NotEligible';
    this.reason = reason;
  }
}

type Verbs<Options> =
  | CollectorDefinition<Options>
  | DetectorDefinition<Options>
  | CheckDefinition<Options>
  | HandlerDefinition<Options>
  | ExporterDefinition<Options>;

/**
 * Runs the one verb of a definition with a context, as the agent would: `ctx.notEligible` becomes an outcome, anything else
 * thrown rejects. Handlers take their event, exporters their facts, as third argument.
 * @example `const outcome = await runVerb(memory, fixtureContext({ root }));`
 */
export async function runVerb<Options>(
  definition: CollectorDefinition<Options>,
  context: Context<Options>,
): Promise<VerbOutcome<JsonObject>>;
export async function runVerb<Options>(
  definition: DetectorDefinition<Options>,
  context: Context<Options>,
): Promise<VerbOutcome<string[]>>;
export async function runVerb<Options>(
  definition: CheckDefinition<Options>,
  context: Context<Options>,
): Promise<VerbOutcome<Verdict>>;
export async function runVerb<Options>(
  definition: HandlerDefinition<Options>,
  context: Context<Options>,
  event: HandlerEvent,
): Promise<VerbOutcome<undefined>>;
export async function runVerb<Options>(
  definition: ExporterDefinition<Options>,
  context: Context<Options>,
  facts: ExportedFacts,
): Promise<VerbOutcome<undefined>>;
export async function runVerb<Options>(
  definition: Verbs<Options>,
  context: Context<Options>,
  argument?: HandlerEvent | ExportedFacts,
): Promise<VerbOutcome<unknown>> {
  try {
    return { status: 'done', value: await callVerb(definition, context, argument) };
  } catch (thrown) {
    if (thrown instanceof NotEligible) return { status: 'not-eligible', reason: thrown.reason };
    throw thrown;
  }
}

function callVerb<Options>(
  definition: Verbs<Options>,
  context: Context<Options>,
  argument: HandlerEvent | ExportedFacts | undefined,
): unknown {
  if ('collect' in definition) return definition.collect(context);
  if ('detect' in definition) return definition.detect(context);
  if ('check' in definition) return definition.check(context);
  if ('handle' in definition) return definition.handle(context, argument as HandlerEvent);
  return definition.export(context, argument as ExportedFacts);
}
