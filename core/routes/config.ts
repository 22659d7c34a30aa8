import type { Json, JsonObject } from 'opsbro/sdk';
import type { ShownObject } from '../../configuration/model.ts';
import type { ControlRoute } from '../../control/route-table.ts';
import type { ConfigStatusView, EvaluationView } from '../../control/shapes.ts';
import type { Facts, Outcome, Program } from '../../language/program.ts';
import { OpsbroError, plainError } from '../errors.ts';
import type { AgentInside } from './agent.ts';
import { isoTime } from './views.ts';

/** The config thread, as these routes use it. */
export interface ConfigAsker {
  compile(
    expression: string,
    language: 'opsbro' | 'javascript',
    as: string | null,
  ): Promise<{ program: Program; tree: Json }>;
  show(object: string | null): Promise<ShownObject[]>;
}

/** The expression engine, as these routes use it. */
export interface Explainer {
  explain(program: Program, facts: Facts): Promise<{ outcome: Outcome; tree: Json }>;
}

/** Routes of the configuration: status, what runs, effective objects. */
export function configRoutes(inside: AgentInside, config: ConfigAsker): ControlRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/config/status',
      scope: 'read',
      handle() {
        const status = inside.reloader.status();
        const view: ConfigStatusView = {
          generation: status.generation,
          loaded_at: isoTime(status.loadedAt) as string,
          took_ms: Math.round(status.tookMs),
          directories: inside.identity.config,
          files: status.fileCount,
          objects: inside.deps.table.all().length,
          bad_files: status.badFiles,
          diagnostics: status.diagnostics,
        };
        return { body: view as unknown as JsonObject };
      },
    },
    {
      method: 'GET',
      path: '/api/v1/config/running',
      scope: 'read',
      handle: () => ({ body: inside.deps.table.running() as unknown as JsonObject[] }),
    },
    {
      method: 'GET',
      path: '/api/v1/config/running/*id',
      scope: 'read',
      handle({ params }) {
        const found = inside.deps.table.all().find(({ id }) => id === params.id);
        if (found === undefined)
          throw new OpsbroError('OPSBRO_API_NOT_FOUND', `no object '${params.id}' runs`);
        return { body: { written: found.written === undefined ? null : JSON.parse(found.written) } };
      },
    },
    {
      method: 'GET',
      path: '/api/v1/config/objects',
      scope: 'read',
      handle: async () => ({ body: (await config.show(null)) as unknown as JsonObject[] }),
    },
    {
      method: 'GET',
      path: '/api/v1/config/objects/*id',
      scope: 'read',
      handle: async ({ params }) => ({
        body: (await config.show(params.id as string)) as unknown as JsonObject[],
      }),
    },
  ];
}

/** Routes of the evaluator. */
export function evaluatorRoutes(
  inside: AgentInside,
  config: ConfigAsker,
  explainer: () => Explainer,
): ControlRoute[] {
  return [
    {
      method: 'POST',
      path: '/api/v1/evaluator/eval',
      scope: 'write',
      async handle({ body }) {
        const asked = typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {};
        if (typeof asked.expression !== 'string')
          throw new OpsbroError('OPSBRO_API_INVALID', "the body lacks 'expression'");
        const language = asked.language === 'javascript' ? 'javascript' : 'opsbro';
        const as = typeof asked.as === 'string' ? asked.as : null;
        const compile = () => config.compile(asked.expression as string, language, as);
        const view = await evaluate(inside, compile, explainer());
        if (asked.explain !== true) delete view.tree;
        return { body: view as unknown as JsonObject };
      },
    },
  ];
}

async function evaluate(
  inside: AgentInside,
  compile: () => Promise<{ program: Program }>,
  explainer: Explainer,
): Promise<EvaluationView> {
  try {
    const { program } = await compile();
    const { outcome, tree } = await explainer.explain(program, inside.deps.facts());
    if (outcome.kind === 'value') {
      return {
        ok: true,
        value: outcome.value,
        text: outcome.text,
        missing: outcome.missing ?? [],
        error: null,
        tree,
      };
    }
    const error =
      outcome.kind === 'error'
        ? outcome.error
        : { code: 'OPSBRO_EXPRESSION_TYPE', message: `not a value: ${outcome.kind}` };
    return refused(error, tree);
  } catch (error) {
    return refused(plainError(error, 'OPSBRO_EXPRESSION_SYNTAX'), null);
  }
}

function refused({ code, message }: { code: string; message: string }, tree: Json): EvaluationView {
  return { ok: false, value: null, text: '', missing: [], error: { code, message }, tree };
}
