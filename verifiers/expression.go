package verifiers

import (
	"fmt"
	"math/big"
	"strings"
)

// maxExpression is the longest arithmetic expression that is read, in bytes. Together with maxLiteral it bounds
// every number that can arise, so that arithmetic needs no budget of its own.
const (
	maxExpression = 64
	maxLiteral    = 9 // digits
)

// Expression is what an arithmetic expression came to.
type Expression struct {
	Value *big.Rat
	Used  []int // the literals, in order
}

// ParseExpression reads + - * / (also × · ÷ −), brackets and non-negative integers, with exact rationals.
// There is no unary minus, no power and no decimal point. Errors name the byte position, from 1.
func ParseExpression(s string) (Expression, error) {
	if len(s) > maxExpression {
		return Expression{}, fmt.Errorf("expression of %d bytes, more than %d", len(s), maxExpression)
	}
	p := &arith{s: s}
	v, err := p.sum()
	if err != nil {
		return Expression{}, err
	}
	if p.at < len(s) {
		return Expression{}, p.unexpected("an operator")
	}
	return Expression{Value: v, Used: p.used}, nil
}

// arith is a recursive-descent parser; maxExpression bounds its depth.
type arith struct {
	s    string
	at   int
	used []int
}

func (p *arith) sum() (*big.Rat, error) {
	v, err := p.product()
	for err == nil {
		switch p.operator('+', '-') {
		case '+':
			v, err = p.apply(v, p.product, (*big.Rat).Add)
		case '-':
			v, err = p.apply(v, p.product, (*big.Rat).Sub)
		default:
			return v, nil
		}
	}
	return nil, err
}

func (p *arith) product() (*big.Rat, error) {
	v, err := p.factor()
	for err == nil {
		switch p.operator('*', '/') {
		case '*':
			v, err = p.apply(v, p.factor, (*big.Rat).Mul)
		case '/':
			at := p.at
			v, err = p.apply(v, p.factor, func(z, x, y *big.Rat) *big.Rat {
				if y.Sign() == 0 {
					return nil
				}
				return z.Quo(x, y)
			})
			if err == nil && v == nil {
				return nil, fmt.Errorf("division by zero at %d", at)
			}
		default:
			return v, nil
		}
	}
	return nil, err
}

func (p *arith) apply(x *big.Rat, next func() (*big.Rat, error), op func(z, x, y *big.Rat) *big.Rat) (*big.Rat, error) {
	y, err := next()
	if err != nil {
		return nil, err
	}
	return op(new(big.Rat), x, y), nil
}

func (p *arith) factor() (*big.Rat, error) {
	p.space()
	if p.at < len(p.s) && p.s[p.at] == '(' {
		p.at++
		v, err := p.sum()
		if err != nil {
			return nil, err
		}
		p.space()
		if p.at >= len(p.s) || p.s[p.at] != ')' {
			return nil, p.unexpected(")")
		}
		p.at++
		return v, nil
	}
	return p.literal()
}

func (p *arith) literal() (*big.Rat, error) {
	start, n := p.at, 0
	for p.at < len(p.s) && p.s[p.at] >= '0' && p.s[p.at] <= '9' {
		n = n*10 + int(p.s[p.at]-'0')
		if p.at++; p.at-start > maxLiteral {
			return nil, fmt.Errorf("number of more than %d digits at %d", maxLiteral, start+1)
		}
	}
	if p.at == start {
		return nil, p.unexpected("a number or (")
	}
	p.used = append(p.used, n)
	return new(big.Rat).SetInt64(int64(n)), nil
}

// operator consumes one of the two operators, in any spelling, or returns 0.
func (p *arith) operator(a, b byte) byte {
	p.space()
	for _, spelling := range []struct {
		text string
		op   byte
	}{{"+", '+'}, {"-", '-'}, {"−", '-'}, {"*", '*'}, {"×", '*'}, {"·", '*'}, {"/", '/'}, {"÷", '/'}} {
		if (spelling.op == a || spelling.op == b) && strings.HasPrefix(p.s[p.at:], spelling.text) {
			p.at += len(spelling.text)
			return spelling.op
		}
	}
	return 0
}

func (p *arith) space() {
	for p.at < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.at]) >= 0 {
		p.at++
	}
}

func (p *arith) unexpected(want string) error {
	if p.at >= len(p.s) {
		return fmt.Errorf("expression ends at %d where %s should come", p.at+1, want)
	}
	r := []rune(p.s[p.at:])[0]
	return fmt.Errorf("unexpected %q at %d: want %s", r, p.at+1, want)
}
