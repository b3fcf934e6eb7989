// Package mathexpr reads final answers of mathematical problems, in LaTeX or plain text, and decides whether two of
// them are equal.
//
// Parse turns a text into an expression tree with exact rationals. Equal compares two trees: rationals first, then
// polynomials over the roots of primes, π, e, i and variables in an exact normal form, and only what contains other
// functions by evaluation at fixed points with error bounds. Lists, tuples, sets, intervals, inequalities, equations,
// matrices, ratios, numerals with a base, units and words are compared as wholes: a part never equals the whole.
//
// Work is counted, never timed: a Budget goes through both, and what would cost more ends with ErrBudget. Nothing
// here panics or keeps state, and recursion is bounded by Limits.Depth.
package mathexpr
