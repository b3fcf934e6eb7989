package mathexpr

// tokenKind is what a token is to the parser.
type tokenKind uint8

const (
	tEnd      tokenKind = iota
	tNum                // digits with an optional point
	tIdent              // variable or constant
	tFunc               // sin, log, max …
	tOp                 // + - * / ^ _ ! % ± ∓ ∪ ∩ \ ' °, told by text
	tOpen               // ( [ { ⟨ ⌊ ⌈, and S for the brace of a set
	tClose              // their partners, and s
	tBar                // | on either side
	tOpenBar            // | known to open
	tCloseBar           // | known to close
	tCommand            // frac, sqrt, binom, begin …
	tWord               // a word of prose or a unit, in lower case
	tAnd                // and, or
	tRel                // a relation, its byte in text
	tComma
	tSemi
	tColon
	tMid    // \mid
	tAmp    // & in a matrix
	tRow    // \\ in a matrix
	tDots   // … of any kind
	tMoney  // a currency sign, its unit in text
	tSpaced // never emitted; white space between tokens is in the flag spaced
)

// token is a piece of the text; text is in one spelling for all ways of writing it.
type token struct {
	kind   tokenKind
	text   string
	spaced bool // white space stood before it
	prose  bool // it stood in \text{…}
}

func (t token) is(k tokenKind, text string) bool { return t.kind == k && t.text == text }
