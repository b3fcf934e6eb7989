package verifiers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/rltrain/rltrain/datasets"
)

// Rule judges by a condition in the expr language, such as answer == gold && len(response) < 2000. The answer is
// in <answer> or in a box; without one nothing is paid, whatever the condition says. A condition that fails on an
// answer (int("abc")) makes it unparseable. NewRule compiles each condition once, the zero value each time.
type Rule struct {
	compiled *programs
}

// NewRule is a Rule that keeps the conditions it has compiled.
func NewRule() Rule { return Rule{&programs{byText: map[string]*vm.Program{}}} }

// Bounds of a rule. With no loop in a loop they bound its work to about nodes times bytes.
const (
	maxRuleNodes    = 200
	maxRuleMemory   = 1_000_000 // elements of lists, ranges and maps
	maxRuleResponse = 1 << 20   // bytes
	maxPrograms     = 1024      // kept
)

// programs keeps compiled conditions by their text; many workers judge at a time.
type programs struct {
	lock   sync.Mutex
	byText map[string]*vm.Program
}

// Verify implements Verifier with Task.Rule; gold is Task.Answer.
func (r Rule) Verify(_ context.Context, task datasets.Task, response string) (Verdict, error) {
	program, err := r.program(task.Rule)
	if err != nil {
		return Verdict{}, err
	}
	answer, f := finalAnswer(response, taggedOnly)
	if !f.ok() {
		return Verdict{Kind: f.kind, Reason: f.reason}, nil
	}
	v := Verdict{Kind: Wrong, Answer: clip(answer, 200), Reason: "the rule does not hold"}
	if len(response) > maxRuleResponse {
		v.Kind, v.Reason = Timeout, fmt.Sprintf("response of %d bytes, more than %d", len(response), maxRuleResponse)
		return v, nil
	}
	machine := vm.VM{MemoryBudget: maxRuleMemory}
	result, err := machine.Run(program, ruleEnv(task, answer, response))
	switch {
	case err != nil && strings.Contains(err.Error(), "memory budget exceeded"):
		v.Kind, v.Reason = Timeout, "the rule needs too much memory for this response"
	case err != nil:
		v.Kind, v.Reason = Unparseable, "the rule fails on this answer: "+clip(strings.SplitN(err.Error(), "\n", 2)[0], 200)
	case result == true:
		v.Kind, v.Reason, v.Reward = Correct, "", 1
	}
	return v, nil
}

func (r Rule) program(text string) (*vm.Program, error) {
	if r.compiled == nil {
		return compileRule(text)
	}
	r.compiled.lock.Lock()
	defer r.compiled.lock.Unlock()
	if program, ok := r.compiled.byText[text]; ok {
		return program, nil
	}
	program, err := compileRule(text)
	if err == nil && len(r.compiled.byText) < maxPrograms {
		r.compiled.byText[text] = program
	}
	return program, err
}

// ruleNames lists what a rule may name; the functions apart.
func ruleNames() []string {
	return []string{"answer", "gold", "response", "thought", "question", "level", "source", "format"}
}

// ruleFunctions are those that need no more memory and time than their arguments are long.
func ruleFunctions() []string {
	return []string{"len", "all", "any", "none", "one", "count", "filter", "find", "abs", "ceil", "floor", "round", "int", "float",
		"string", "trim", "trimPrefix", "trimSuffix", "upper", "lower", "split", "indexOf", "lastIndexOf", "hasPrefix", "hasSuffix",
		"max", "min", "first", "last", "get", "keys", "values", "fromJSON", "type"}
}

func ruleEnv(task datasets.Task, answer, response string) map[string]any {
	start, end := ThinkSpan(response)
	return map[string]any{"answer": answer, "gold": task.Answer, "response": response, "thought": response[start:end],
		"question": task.Question, "level": task.Level, "source": task.Source, "format": HasFormat(response)}
}

// compileRule checks types and names.
func compileRule(text string) (*vm.Program, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("the rule is empty: write a condition such as answer == gold")
	}
	budget := &ruleBudget{}
	options := []expr.Option{expr.Env(ruleEnv(datasets.Task{}, "", "")), expr.AsBool(), expr.MaxNodes(maxRuleNodes),
		expr.DisableAllBuiltins(), expr.Patch(budget)}
	for _, name := range ruleFunctions() {
		options = append(options, expr.EnableBuiltin(name))
	}
	program, err := expr.Compile(text, options...)
	if err == nil {
		err = budget.err
	}
	if err != nil {
		return nil, explainRule(text, err)
	}
	return program, nil
}

func explainRule(text string, err error) error {
	text = clip(text, 200)
	var at *file.Error
	if !errors.As(err, &at) {
		return fmt.Errorf("rule %q: %w: write a condition such as answer == gold", text, err)
	}
	if name, unknown := strings.CutPrefix(at.Message, "unknown name "); unknown {
		names := append(ruleNames(), ruleFunctions()...)
		return fmt.Errorf("rule %q: unknown name %q: did you mean %q? There are %s, and the functions %s", text, name,
			datasets.Nearest(name, names), strings.Join(ruleNames(), ", "), strings.Join(ruleFunctions(), ", "))
	}
	return fmt.Errorf("rule %q: %s at column %d: write a condition such as answer == gold", text, at.Message, at.Column+1)
}

// ruleBudget refuses what would make the work of a rule more than linear in the response.
type ruleBudget struct{ err error }

// Visit implements ast.Visitor; it changes nothing.
func (b *ruleBudget) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BuiltinNode:
		if !slices.Contains(ruleFunctions(), n.Name) { // DisableAllBuiltins leaves those that take a predicate
			b.err = fmt.Errorf("unknown name %q: the functions are %s", n.Name, strings.Join(ruleFunctions(), ", "))
		}
	case *ast.VariableDeclaratorNode:
		b.err = errors.New("let is not allowed: write the value where it is used")
	case *ast.PredicateNode:
		inner := &loopBody{}
		ast.Walk(&n.Node, inner)
		if inner.fault != "" {
			b.err = fmt.Errorf("%s inside { … } is not allowed: its work would grow with the square of the response", inner.fault)
		}
	}
}

// loopBody looks into what is done for each element of a list.
type loopBody struct{ fault string }

// Visit implements ast.Visitor.
func (l *loopBody) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.PredicateNode:
		l.fault = "a second loop"
	case *ast.IdentifierNode:
		if n.Value == "response" || n.Value == "thought" || n.Value == "question" {
			l.fault = n.Value
		}
	}
}
