package mathexpr

// arrangements compares what has an order: tuples, intervals, vectors and matrices.
func (c *comparison) arrangements(x, y *node) bool {
	c.matrices(&x, &y)
	switch {
	case x.kind == kTuple && y.kind == kTuple:
		if x.name == y.name {
			return c.inOrder(x.args, y.args)
		}
		return false
	case x.kind == kMatrix && y.kind == kMatrix:
		return c.sameMatrix(x, y)
	case x.kind == kMatrix && y.kind == kTuple:
		return c.vector(x, y)
	case y.kind == kMatrix && x.kind == kTuple:
		return c.vector(y, x)
	}
	return c.sets(x, y)
}

func (c *comparison) sameMatrix(x, y *node) bool {
	if x.name != y.name || len(x.args) != len(y.args) {
		return false
	}
	for i := range x.args {
		if !c.inOrder(x.args[i].args, y.args[i].args) {
			return false
		}
	}
	return true
}

// vector compares a matrix of one column or row with a tuple.
func (c *comparison) vector(m, t *node) bool {
	if m.name != "" || t.name != "()" && t.name != "[]" {
		return false
	}
	if rows := rowsOf(t); rows != nil {
		return c.sameMatrix(m, rows)
	}
	if len(m.args) == 1 {
		return c.inOrder(m.args[0].args, t.args)
	}
	var column []*node
	for _, row := range m.args {
		if len(row.args) != 1 {
			return false
		}
		column = append(column, row.args[0])
	}
	return c.inOrder(column, t.args)
}

// matrices computes multiples and sums of matrices, in place; it tells whether either is a matrix then.
func (c *comparison) matrices(x, y **node) bool {
	found := false
	for _, n := range [...]**node{x, y} {
		if (*n).contains(func(m *node) bool { return m.kind == kMatrix }) {
			if m := matrixOf(*n); m != nil {
				*n, found = m, true
			}
		}
	}
	return found
}

// matrixOf is the matrix that an expression comes to, nil if it is none.
func matrixOf(n *node) *node {
	switch n.kind {
	case kMatrix:
		return n
	case kNeg:
		if m := matrixOf(n.args[0]); m != nil {
			return eachCell(m, negate)
		}
	case kDiv:
		if m := matrixOf(n.args[0]); m != nil {
			return eachCell(m, func(cell *node) *node { return apply(kDiv, cell, n.args[1]) })
		}
	case kMul:
		return multiple(n)
	case kAdd:
		return matrixSum(n)
	}
	return nil
}

func eachCell(m *node, change func(*node) *node) *node {
	result := &node{kind: kMatrix, name: m.name}
	for _, row := range m.args {
		changed := &node{kind: kTuple}
		for _, cell := range row.args {
			changed.args = append(changed.args, change(cell))
		}
		result.args = append(result.args, changed)
	}
	return result
}

// multiple is a product of scalars and matrices.
func multiple(n *node) *node {
	var matrix *node
	scalars := &node{kind: kMul}
	for _, arg := range n.args {
		if m := matrixOf(arg); m == nil {
			scalars.args = append(scalars.args, arg)
		} else if matrix == nil {
			matrix = m
		} else if matrix = matrixProduct(matrix, m); matrix == nil {
			return nil // products of products too: their cells repeat, so trees would grow without bound
		}
	}
	if matrix == nil || len(scalars.args) == 0 {
		return matrix
	}
	return eachCell(matrix, func(cell *node) *node { return apply(kMul, scalars, cell) })
}

func matrixSum(n *node) *node {
	total := matrixOf(n.args[0])
	for _, arg := range n.args[1:] {
		m := matrixOf(arg)
		if total == nil || m == nil || len(m.args) != len(total.args) {
			return nil
		}
		sum := &node{kind: kMatrix, name: total.name}
		for i, row := range total.args {
			if len(row.args) != len(m.args[i].args) {
				return nil
			}
			added := &node{kind: kTuple}
			for j, cell := range row.args {
				added.args = append(added.args, apply(kAdd, cell, m.args[i].args[j]))
			}
			sum.args = append(sum.args, added)
		}
		total = sum
	}
	return total
}
