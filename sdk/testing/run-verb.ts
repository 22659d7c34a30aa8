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

type OptionsOf<Definition> = Definition extends Verbs<infer Options> ? Options : never;

type YieldOf<Definition> =
  Definition extends CollectorDefinition<never>
    ? JsonObject
    : Definition extends DetectorDefinition<never>
      ? string[]
      : Definition extends CheckDefinition<never>
        ? Verdict
        : undefined;

type GivenTo<Definition> =
  Definition extends HandlerDefinition<never>
    ? [event: HandlerEvent]
    : Definition extends ExporterDefinition<never>
      ? [facts: ExportedFacts]
      : [];

/**
 * Runs the one verb of a definition with a context, as the agent would: `ctx.notEligible` becomes an outcome, anything else
 * thrown rejects. Handlers take their event, exporters their facts, as third argument. Options that the context leaves out are the manifest's
 * defaults where `opsbro plugins test` runs it, and absent elsewhere.
 * @example `const outcome = await runVerb(memory, fixtureContext({ root }));`
 */
export async function runVerb<Definition extends Verbs<never>>(
  definition: Definition,
  context: Context<Partial<OptionsOf<Definition>>>,
  ...given: GivenTo<Definition>
): Promise<VerbOutcome<YieldOf<Definition>>> {
  try {
    const value = await callVerb(definition, context as Context<never>, given[0]);
    return { status: 'done', value: value as YieldOf<Definition> };
  } catch (thrown) {
    if (thrown instanceof NotEligible) return { status: 'not-eligible', reason: thrown.reason };
    throw thrown;
  }
}

function callVerb(
  definition: Verbs<never>,
  context: Context<never>,
  argument: HandlerEvent | ExportedFacts | undefined,
): unknown {
  if ('collect' in definition) return definition.collect(context);
  if ('detect' in definition) return definition.detect(context);
  if ('check' in definition) return definition.check(context);
  if ('handle' in definition) return definition.handle(context, argument as HandlerEvent);
  return definition.export(context, argument as ExportedFacts);
}
