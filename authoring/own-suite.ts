import { pathToFileURL } from 'node:url';
import type { JsonObject } from 'opsbro/sdk';
import { type ComplianceTest, complianceSuite } from 'opsbro/sdk/testing';
import { definitionOf } from './definition.ts';
import { exampleTests, type KnownFunctions } from './examples.ts';
import type { PluginPlace } from './plugin-place.ts';
import { sandboxed } from './sandboxed.ts';
import type { Workpiece, Workshop } from './workshop.ts';

/**
 * The compliance suite of a plugin's kind, its runs in the sandbox on this host; those that would tell somebody or carry something out run where
 * nothing answers. One file has no README, and no folder to be named by. `options` are complete; without them the manifest's count. The
 * examples of functions are evaluated with the functions `known`.
 */
export function suiteOf(
  place: PluginPlace,
  piece: Workpiece,
  workshop: Workshop,
  known: KnownFunctions,
  options?: JsonObject,
): ComplianceTest[] {
  const { manifest } = piece;
  const tells = manifest.kind === 'handler' || manifest.kind === 'exporter';
  const definition = tells
    ? sandboxed(piece)
    : definitionOf(manifest, async (request, ctx) => {
        ctx.signal.throwIfAborted();
        return (await workshop.run(piece, request)).result;
      });
  const folder = place.isSingleFile ? null : pathToFileURL(`${place.folder}/`);
  const shapes = () => workshop.shapes(piece);
  const suite = complianceSuite(manifest.kind, folder, definition, manifest, {
    shapes,
    ...(options && { options }),
  });
  const examples = exampleTests(manifest, known, async (name, args) => {
    const { result } = await workshop.run(piece, { call: { name, args } });
    if (result.status === 'done') return { ok: true, value: result.value };
    return { ok: false, error: result.status === 'failed' ? result.error : refused(result.reason) };
  });
  return [...suite, ...examples];
}

function refused(reason: string): { code: string; message: string } {
  return { code: 'OPSBRO_PLUGIN_RESULT', message: `not eligible: ${reason}` };
}
