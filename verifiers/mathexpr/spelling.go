package mathexpr

// latexCommand is the table of commands: the kind and text of the token, "" for those that only change the look.
func latexCommand(name string) (k tokenKind, text string, known bool) {
	if k, text = operatorCommand(name); text != "" {
		return k, text, true
	}
	if text = functionName(name); text != "" {
		return tFunc, text, true
	}
	switch name {
	case "frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac":
		return tCommand, "frac", true
	case "sqrt", "surd":
		return tCommand, "sqrt", true
	case "root":
		return tCommand, "root", true
	case "binom", "dbinom", "tbinom":
		return tCommand, "binom", true
	case "pmod", "bmod", "mod":
		return tCommand, "mod", true
	case "cr":
		return tRow, `\\`, true
	case "choose", "overline", "bar", "dot", "overbrace", "underbrace", "stackrel", "sum", "prod", "int", "not":
		return tCommand, name, true
	case "pi":
		return tIdent, "π", true
	case "infty", "infin":
		return tIdent, "∞", true
	case "emptyset", "varnothing", "O":
		return tIdent, "∅", true
	case "mathbf", "boldsymbol", "bm", "vec", "hat", "widehat", "tilde", "overrightarrow", "mathbb", "mathcal", "mathfrak", "mathscr", "pmb",
		"boxed", "fbox", "framebox", "ensuremath", "underline", "cancel", "displaylimits", "rm", "it", "normalsize", "large", "Large", "small",
		"angle", "measuredangle", "triangle", "widetilde", "overarc", "arc", "odot":
		return tIdent, "", true
	case "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota", "kappa", "lambda", "mu", "nu", "xi", "rho",
		"sigma", "tau", "phi", "varphi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega":
		return tIdent, `\` + name, true
	case "ell":
		return tIdent, "l", true
	case "degree", "circ":
		return tOp, "°", true
	case "dots", "ldots", "cdots", "dotsc", "dotsb", "vdots", "ddots":
		return tDots, "…", true
	}
	return 0, "", false
}

// operatorCommand is the part of the table with operators, relations and brackets.
func operatorCommand(name string) (tokenKind, string) {
	switch name {
	case "times", "cdot", "ast", "star", "bullet":
		return tOp, "*"
	case "div":
		return tOp, "/"
	case "pm":
		return tOp, "±"
	case "mp":
		return tOp, "∓"
	case "cup", "bigcup":
		return tOp, "∪"
	case "cap", "bigcap":
		return tOp, "∩"
	case "setminus", "backslash", "smallsetminus":
		return tOp, `\`
	case "prime":
		return tOp, "'"
	case "percent":
		return tOp, "%"
	case "le", "leq", "leqslant", "leqq":
		return tRel, "l"
	case "ge", "geq", "geqslant", "geqq":
		return tRel, "g"
	case "lt":
		return tRel, "<"
	case "gt":
		return tRel, ">"
	case "ne", "neq":
		return tRel, "n"
	case "in":
		return tRel, "e"
	case "notin":
		return tRel, "x"
	case "approx", "approxeq", "simeq", "sim", "doteq":
		return tRel, "~"
	case "equiv", "cong":
		return tRel, "c"
	case "subset", "subseteq":
		return tRel, "s"
	case "implies", "Rightarrow", "rightarrow", "to", "Leftrightarrow", "iff", "longrightarrow", "mapsto", "Longrightarrow":
		return tRel, "i"
	case "lfloor":
		return tOpen, "⌊"
	case "rfloor":
		return tClose, "⌋"
	case "lceil":
		return tOpen, "⌈"
	case "rceil":
		return tClose, "⌉"
	case "langle":
		return tOpen, "⟨"
	case "rangle":
		return tClose, "⟩"
	case "lbrace":
		return tOpen, "S"
	case "rbrace":
		return tClose, "s"
	case "lbrack":
		return tOpen, "["
	case "rbrack":
		return tClose, "]"
	case "lparen":
		return tOpen, "("
	case "rparen":
		return tClose, ")"
	case "vert":
		return tBar, "|"
	case "lvert", "lVert":
		return tOpenBar, "|"
	case "rvert", "rVert":
		return tCloseBar, "|"
	case "mid":
		return tMid, "|"
	case "colon":
		return tColon, ":"
	case "land", "wedge":
		return tAnd, "and"
	case "lor", "vee":
		return tAnd, "or"
	case "pounds":
		return tMoney, "pound"
	case "euro":
		return tMoney, "euro"
	}
	return 0, ""
}

// functionName is the usual name of a function that is written by name, "" if it is none.
func functionName(name string) string {
	switch name {
	case "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "ln", "log", "exp", "max", "min", "gcd", "lcm", "det", "arg", "cis", "sgn":
		return name
	case "arcsin", "asin":
		return "arcsin"
	case "arccos", "acos":
		return "arccos"
	case "arctan", "atan", "tg", "arctg":
		if name == "tg" {
			return "tan"
		}
		return "arctan"
	case "ctg":
		return "cot"
	case "cosec":
		return "csc"
	case "arccot", "acot":
		return "arccot"
	case "arcsec", "arccsc":
		return name
	case "arcsinh", "arsinh", "asinh":
		return "arcsinh"
	case "arccosh", "arcosh", "acosh":
		return "arccosh"
	case "arctanh", "artanh", "atanh":
		return "arctanh"
	case "lg":
		return "lg"
	case "Re", "Im":
		return name
	case "floor":
		return "floor"
	case "ceil":
		return "ceil"
	}
	return ""
}
