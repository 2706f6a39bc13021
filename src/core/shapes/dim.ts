/**
 * A dimension as an expression in normal form: a polynomial over symbols with integer coefficients, where a symbol may
 * also stand for a floor division, a minimum or a maximum that does not simplify. Two expressions are equal when their
 * keys are; unequal symbols are never merged.
 */
export interface DimExpression {
  /** Canonical text, also shown to people: `batch`, `2*seq + 1`, `floor(h/2)`. For a constant, its digits. */
  readonly key: string;
  /** The value, when the expression is a constant. */
  readonly constant?: number;
  /** Monomials: sorted symbol product → coefficient; the constant term under `''`. */
  readonly terms: ReadonlyMap<string, number>;
}
