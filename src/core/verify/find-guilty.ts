/**
 * The first of a list of steps that makes things go wrong, when `fails(n)` says whether the first n steps together do:
 * bisection, about log₂ of their number calls. Undefined when all of them together do not fail.
 */
export async function findGuilty<Step>(
  steps: readonly Step[],
  fails: (count: number) => Promise<boolean>,
): Promise<Step | undefined> {
  if (steps.length === 0 || !(await fails(steps.length))) return undefined;
  let good = 0;
  let bad = steps.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (await fails(middle)) bad = middle;
    else good = middle;
  }
  return steps[bad - 1];
}
