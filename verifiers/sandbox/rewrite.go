package sandbox

import (
	"fmt"

	"go.starlark.net/syntax"
)

// Names of the guards that rewritten programs call. No identifier can be spelt like these, so a
// program can neither call nor shadow them. Binary operators use the operator itself.
const (
	nameKey    = "[key]"    // a dictionary key: charge for hashing it
	nameMade   = "[made]"   // a slice: charge for the copy
	nameSpread = "[spread]" // f(*xs): charge for the arguments
	nameMethod = "[method]" // x.name(...)
	nameUpdate = "[update]" // x[i] op= y
	nameUnary  = "[unary]"  // + - ~ before a value, by token
)

// rewriter replaces what the interpreter would do unmetered by calls of guards.
type rewriter struct{ err error }

// rewrite changes file in place and reports the first thing that is not allowed.
func rewrite(file *syntax.File) error {
	r := new(rewriter)
	r.stmts(file.Stmts)
	return r.err
}

func (r *rewriter) reject(n syntax.Node, what string) {
	if r.err == nil {
		start, _ := n.Span()
		r.err = fmt.Errorf("line %d: %s not allowed here", start.Line, what)
	}
}

func (r *rewriter) stmts(list []syntax.Stmt) {
	for i := range list {
		list[i] = r.stmt(list[i])
	}
}

func (r *rewriter) stmt(s syntax.Stmt) syntax.Stmt {
	switch s := s.(type) {
	case *syntax.AssignStmt:
		return r.assign(s)
	case *syntax.BranchStmt:
	case *syntax.DefStmt:
		r.params(s.Params)
		r.stmts(s.Body)
	case *syntax.ExprStmt:
		s.X = r.expr(s.X)
	case *syntax.ForStmt:
		s.Vars, s.X = r.target(s.Vars), r.expr(s.X)
		r.stmts(s.Body)
	case *syntax.IfStmt:
		s.Cond = r.expr(s.Cond)
		r.stmts(s.True)
		r.stmts(s.False)
	case *syntax.ReturnStmt:
		if s.Result != nil {
			s.Result = r.expr(s.Result)
		}
	case *syntax.LoadStmt:
		r.reject(s, "load is")
	default:
		r.reject(s, "this statement is")
	}
	return s
}

// assign turns x op= y into x = x op y with a guard, and x[i] op= y into one guard call.
func (r *rewriter) assign(s *syntax.AssignStmt) syntax.Stmt {
	if s.Op == syntax.EQ {
		s.LHS, s.RHS = r.target(s.LHS), r.expr(s.RHS)
		return s
	}
	op := s.Op.String()
	switch lhs := unparen(s.LHS).(type) {
	case *syntax.Ident:
		old := &syntax.Ident{NamePos: lhs.NamePos, Name: lhs.Name}
		s.Op, s.RHS = syntax.EQ, guard(s.OpPos, op, old, r.expr(s.RHS))
		return s
	case *syntax.IndexExpr:
		name := &syntax.Literal{Token: syntax.STRING, TokenPos: s.OpPos, Value: op}
		call := guard(s.OpPos, nameUpdate, name, r.expr(lhs.X), r.expr(lhs.Y), r.expr(s.RHS))
		return &syntax.ExprStmt{X: call}
	}
	r.reject(s, "this kind of "+op+" is")
	return s
}

// target rewrites what is assigned to.
func (r *rewriter) target(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.Ident:
	case *syntax.ParenExpr:
		e.X = r.target(e.X)
	case *syntax.TupleExpr:
		r.targets(e.List)
	case *syntax.ListExpr:
		r.targets(e.List)
	case *syntax.IndexExpr:
		e.X, e.Y = r.expr(e.X), r.key(e.Y)
	default:
		r.reject(e, "assigning to this is")
	}
	return e
}

func (r *rewriter) targets(list []syntax.Expr) {
	for i := range list {
		list[i] = r.target(list[i])
	}
}

// params rewrites the default values of parameters.
func (r *rewriter) params(list []syntax.Expr) {
	for _, p := range list {
		if p, ok := p.(*syntax.BinaryExpr); ok {
			p.Y = r.expr(p.Y)
		}
	}
}

func (r *rewriter) exprs(list []syntax.Expr) {
	for i := range list {
		list[i] = r.expr(list[i])
	}
}

func (r *rewriter) expr(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.Ident:
	case *syntax.Literal:
		if e.Token == syntax.BYTES {
			r.reject(e, "a bytes literal is")
		}
	case *syntax.ParenExpr:
		e.X = r.expr(e.X)
	case *syntax.ListExpr:
		r.exprs(e.List)
	case *syntax.TupleExpr:
		r.exprs(e.List)
	case *syntax.CondExpr:
		e.Cond, e.True, e.False = r.expr(e.Cond), r.expr(e.True), r.expr(e.False)
	case *syntax.DictExpr:
		for _, entry := range e.List {
			r.entry(entry)
		}
	case *syntax.Comprehension:
		r.comprehension(e)
	case *syntax.LambdaExpr:
		r.params(e.Params)
		e.Body = r.expr(e.Body)
	case *syntax.IndexExpr:
		e.X, e.Y = r.expr(e.X), r.key(e.Y)
	default:
		return r.operation(e)
	}
	return e
}

// operation rewrites what becomes a call of a guard.
func (r *rewriter) operation(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.BinaryExpr:
		e.X, e.Y = r.expr(e.X), r.expr(e.Y)
		if e.Op == syntax.AND || e.Op == syntax.OR {
			return e
		}
		return guard(e.OpPos, e.Op.String(), e.X, e.Y)
	case *syntax.UnaryExpr:
		return r.unary(e)
	case *syntax.SliceExpr:
		e.X, e.Lo, e.Hi, e.Step = r.expr(e.X), r.optional(e.Lo), r.optional(e.Hi), r.optional(e.Step)
		return guard(e.Lbrack, nameMade, e)
	case *syntax.CallExpr:
		return r.call(e)
	case *syntax.DotExpr:
		r.reject(e, "an attribute without a call is")
	default:
		r.reject(e, "this expression is")
	}
	return e
}

func (r *rewriter) optional(e syntax.Expr) syntax.Expr {
	if e == nil {
		return nil
	}
	return r.expr(e)
}

func (r *rewriter) unary(e *syntax.UnaryExpr) syntax.Expr {
	if e.X == nil || e.Op == syntax.STAR || e.Op == syntax.STARSTAR {
		r.reject(e, "a star is")
		return e
	}
	e.X = r.expr(e.X)
	if _, literal := e.X.(*syntax.Literal); literal || e.Op == syntax.NOT {
		return e
	}
	return guard(e.OpPos, nameUnary+e.Op.String(), e.X)
}

// key guards an index or key unless it is a literal.
func (r *rewriter) key(e syntax.Expr) syntax.Expr {
	if _, ok := e.(*syntax.Literal); ok {
		return r.expr(e)
	}
	start, _ := e.Span()
	return guard(start, nameKey, r.expr(e))
}

func (r *rewriter) entry(e syntax.Expr) {
	entry, ok := e.(*syntax.DictEntry)
	if !ok {
		r.reject(e, "a set display is")
		return
	}
	entry.Key, entry.Value = r.key(entry.Key), r.expr(entry.Value)
}

func (r *rewriter) comprehension(c *syntax.Comprehension) {
	if c.Curly {
		r.entry(c.Body)
	} else {
		c.Body = r.expr(c.Body)
	}
	for _, clause := range c.Clauses {
		switch clause := clause.(type) {
		case *syntax.ForClause:
			clause.Vars, clause.X = r.target(clause.Vars), r.expr(clause.X)
		case *syntax.IfClause:
			clause.Cond = r.expr(clause.Cond)
		}
	}
}

func (r *rewriter) call(c *syntax.CallExpr) syntax.Expr {
	for i, arg := range c.Args {
		switch arg := arg.(type) {
		case *syntax.BinaryExpr:
			if arg.Op == syntax.EQ { // name=value
				arg.Y = r.expr(arg.Y)
				continue
			}
		case *syntax.UnaryExpr:
			if arg.Op == syntax.STAR && arg.X != nil {
				arg.X = guard(arg.OpPos, nameSpread, r.expr(arg.X))
				continue
			}
		}
		c.Args[i] = r.expr(c.Args[i])
	}
	dot, ok := c.Fn.(*syntax.DotExpr)
	if !ok {
		c.Fn = r.expr(c.Fn)
		return c
	}
	name := &syntax.Literal{Token: syntax.STRING, TokenPos: dot.NamePos, Value: dot.Name.Name}
	c.Args = append([]syntax.Expr{r.expr(dot.X), name}, c.Args...)
	c.Fn = &syntax.Ident{NamePos: dot.NamePos, Name: nameMethod}
	return c
}

func unparen(e syntax.Expr) syntax.Expr {
	for {
		p, ok := e.(*syntax.ParenExpr)
		if !ok {
			return e
		}
		e = p.X
	}
}

// guard builds the call of a guard at pos.
func guard(pos syntax.Position, name string, args ...syntax.Expr) syntax.Expr {
	return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: pos, Name: name}, Lparen: pos, Args: args, Rparen: pos}
}
