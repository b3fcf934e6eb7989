package mathexpr

// spellRune writes a character beyond ASCII in ASCII or LaTeX.
func spellRune(r rune) (string, bool) {
	if r >= 0xFF01 && r <= 0xFF5E { // full width
		return string(r - 0xFF01 + '!'), true
	}
	switch r {
	case '−', '–', '—', '‐', '‑', '‒', '﹣', '➖':
		return "-", true
	case '×', '·', '⋅', '∙', '•', '∗', '✕', '✖', '⨯':
		return "*", true
	case '÷', '∕', '⁄':
		return "/", true
	case '、', '،', '﹐':
		return ",", true
	case '。', '’', '‘', '“', '”', '「', '」', '…', '′':
		return spellMark(r), true
	case '≤', '⩽', '≦':
		return `\le `, true
	case '≥', '⩾', '≧':
		return `\ge `, true
	}
	if s := spellSymbol(r); s != "" {
		return s, true
	}
	if s := spellDigit(r); s != "" {
		return s, true
	}
	return "", false
}

// spellMark spells quotation marks and ends of sentences.
func spellMark(r rune) string {
	switch r {
	case '…':
		return `\ldots `
	case '′':
		return "'"
	}
	return `"`
}

func spellSymbol(r rune) string {
	switch r {
	case '√':
		return `\sqrt `
	case '∛':
		return `\sqrt[3]`
	case 'π', '𝜋', 'Π':
		return `\pi `
	case '∞':
		return `\infty `
	case '≠':
		return `\ne `
	case '≈', '∼', '≃':
		return `\approx `
	case '∪', '⋃':
		return `\cup `
	case '∩', '⋂':
		return `\cap `
	case '∈':
		return `\in `
	case '∉':
		return `\notin `
	case '∅', 'Ø', '⌀':
		return `\emptyset `
	case '±':
		return `\pm `
	case '∓':
		return `\mp `
	case '°', 'º', '˚':
		return `\degree `
	case '→', '⇒':
		return `\to `
	case '≡':
		return `\equiv `
	case '∖':
		return `\setminus `
	case '£':
		return `\pounds `
	case '€':
		return `\euro `
	case '∠', '△':
		return `\angle `
	case '⌊':
		return `\lfloor `
	case '⌋':
		return `\rfloor `
	case '⌈':
		return `\lceil `
	case '⌉':
		return `\rceil `
	case '⟨', '〈':
		return `\langle `
	case '⟩', '〉':
		return `\rangle `
	case '∣':
		return "|"
	case '【':
		return "["
	case '】':
		return "]"
	case 'ℝ':
		return `\mathbb{R}`
	case 'ℤ':
		return `\mathbb{Z}`
	case 'ℕ':
		return `\mathbb{N}`
	case 'ℚ':
		return `\mathbb{Q}`
	case 'ℂ':
		return `\mathbb{C}`
	}
	return greek(r)
}

func greek(r rune) string {
	switch r {
	case 'α':
		return `\alpha `
	case 'β':
		return `\beta `
	case 'γ':
		return `\gamma `
	case 'δ':
		return `\delta `
	case 'θ':
		return `\theta `
	case 'λ':
		return `\lambda `
	case 'μ', 'µ':
		return `\mu `
	case 'φ', 'ϕ':
		return `\phi `
	case 'ω':
		return `\omega `
	case 'ρ':
		return `\rho `
	case 'σ':
		return `\sigma `
	case 'Δ':
		return `\Delta `
	}
	return ""
}

// spellDigit spells raised and lowered digits and fractions that are one character.
func spellDigit(r rune) string {
	const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹"
	if r == 'ⁿ' {
		return "^n"
	}
	if r == '⁻' {
		return "^-"
	}
	n := 0
	for _, digit := range raised {
		if digit == r {
			return "^" + string(rune('0'+n))
		}
		n++
	}
	if r >= '₀' && r <= '₉' {
		return "_" + string('0'+r-'₀')
	}
	switch r {
	case '½':
		return `\frac12`
	case '⅓':
		return `\frac13`
	case '⅔':
		return `\frac23`
	case '¼':
		return `\frac14`
	case '¾':
		return `\frac34`
	case '⅕':
		return `\frac15`
	case '⅖':
		return `\frac25`
	case '⅗':
		return `\frac35`
	case '⅘':
		return `\frac45`
	case '⅙':
		return `\frac16`
	case '⅚':
		return `\frac56`
	case '⅛':
		return `\frac18`
	case '⅜':
		return `\frac38`
	case '⅝':
		return `\frac58`
	case '⅞':
		return `\frac78`
	}
	return ""
}
