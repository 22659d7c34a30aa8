import { pathToFileURL } from 'node:url';
import type { JsonObject } from 'opsbro/sdk';
import { type ComplianceTest, complianceSuite } from 'opsbro/sdk/testing';
import { definitionOf } from './definition.ts';
import type { PluginPlace } from './plugin-place.ts';
import { sandboxed } from './sandboxed.ts';
import type { Workpiece, Workshop } from './workshop.ts';

/**
 * The compliance suite of a plugin's kind, its runs in the sandbox on this host; those that would tell somebody or carry something out run where
 * nothing answers. One file has no README, and no folder to be named by. `options` are complete; without them the manifest's count.
 */
export function suiteOf(
  place: PluginPlace,
  piece: Workpiece,
  workshop: Workshop,
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
  return complianceSuite(manifest.kind, folder, definition, manifest, { ...(options && { options }) });
}
