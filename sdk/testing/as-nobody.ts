/** The user `nobody` on every system that OpsBro runs on. */
const nobody = 65_534;

/**
 * Runs `act` without root's rights, so that what a file's mode refuses is refused to a test that root runs, too: as the user nobody, who
 * must be able to reach what `act` reads. The whole process changes its user until `act` has settled, so nothing else may run meanwhile.
 * For anybody but root it only calls `act`. Gives or throws what `act` does.
 *
 * @example `await expect(asNobody(() => runVerb(collector, ctx))).rejects.toMatchObject({ code: 'OPSBRO_HOST_DENIED' })`
 */
export async function asNobody<Result>(act: () => Result | Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return await act();
  process.seteuid?.(nobody);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}
