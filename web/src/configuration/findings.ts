import type { ConfigStatusView } from '../../../control/shapes.ts';

/** What is wrong with one file. */
export interface FileFindings {
  file: string;
  /** Its last good objects stay. */
  isBad: boolean;
  findings: ConfigStatusView['diagnostics'];
}

/** Findings by file, files that cannot be used first; within a file by line. */
export function findingsByFile({ bad_files: bad, diagnostics }: ConfigStatusView): FileFindings[] {
  const files = new Map<string, FileFindings>();
  const entryOf = (file: string): FileFindings => {
    const entry = files.get(file) ?? { file, isBad: bad.includes(file), findings: [] };
    files.set(file, entry);
    return entry;
  };
  for (const file of bad) entryOf(file);
  for (const finding of diagnostics) entryOf(finding.place.file).findings.push(finding);
  for (const { findings } of files.values())
    findings.sort((one, other) => one.place.line - other.place.line || one.place.column - other.place.column);
  return [...files.values()].sort(
    (one, other) => Number(other.isBad) - Number(one.isBad) || (one.file < other.file ? -1 : 1),
  );
}
