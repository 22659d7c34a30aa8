import type { GuestFunctions, PythonRuntime, PyValue } from 'opsbro/sdk';

/** Distinct elements of the first collection that are, or are not, in the second. */
function chosen(py: PythonRuntime, first: PyValue, second: PyValue, isWanted: boolean): PyValue[] {
  const other = py.set(py.iterate(second));
  return py
    .set(py.iterate(first))
    .values()
    .filter((item) => other.has(item) === isWanted);
}

/** The functions of this topic, by canonical name. */
export const functions: GuestFunctions = {
  set_difference: (py, a = null, b = null) => chosen(py, a, b, false),
  set_intersection: (py, a = null, b = null) => chosen(py, a, b, true),
  reverse: (py, list = null) => [...py.iterate(list)].reverse(),
};
