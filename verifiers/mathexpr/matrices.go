package mathexpr

// rowsOf is [[1,2],[3,4]] as a matrix, nil if t is no list of rows.
func rowsOf(t *node) *node {
	if !allTuples(t.args) {
		return nil
	}
	return &node{kind: kMatrix, args: t.args}
}

// transposed turns rows into columns; a tuple is a column already. It returns nil if the rows differ in length.
func transposed(m *node) *node {
	if m.kind == kTuple {
		return m
	}
	result := &node{kind: kMatrix, name: m.name}
	for j := range m.args[0].args {
		row := &node{kind: kTuple}
		for _, r := range m.args {
			if len(r.args) != len(m.args[0].args) {
				return nil
			}
			row.args = append(row.args, r.args[j])
		}
		result.args = append(result.args, row)
	}
	return result
}

// Bounds of the matrices whose product or determinant, here up to 4! products, is written out.
const (
	maxDeterminant = 4
	maxCells       = 300 // nodes in a matrix
)

// determinant writes out the determinant of a small square matrix; any other is left as it is.
func determinant(m *node) *node {
	if len(m.args) > maxDeterminant || m.size(maxCells) > maxCells {
		return m
	}
	for _, row := range m.args {
		if len(row.args) != len(m.args) {
			return m
		}
		for _, cell := range row.args {
			if !cell.scalar() {
				return m
			}
		}
	}
	return minors(m.args, 0, 0)
}

// minors expands along the rows from row on, without the columns of the bit set used.
func minors(rows []*node, row int, used uint) *node {
	if row == len(rows) {
		return number(integer(1))
	}
	sum := apply(kAdd)
	sign := 1
	for j, cell := range rows[row].args {
		if used>>j&1 != 0 {
			continue
		}
		product := apply(kMul, cell, minors(rows, row+1, used|1<<j))
		if sign < 0 {
			product = negate(product)
		}
		sum.args = append(sum.args, product)
		sign = -sign
	}
	return sum
}

// matrixProduct multiplies rows with columns, nil if the sizes do not fit or the matrices are large.
func matrixProduct(a, b *node) *node {
	inner := len(b.args)
	if a.size(maxCells) > maxCells || b.size(maxCells) > maxCells {
		return nil
	}
	columns := transposed(b)
	if columns == nil {
		return nil
	}
	result := &node{kind: kMatrix, name: a.name}
	for _, r := range a.args {
		if len(r.args) != inner {
			return nil
		}
		row := &node{kind: kTuple}
		for _, column := range columns.args {
			cell := apply(kAdd)
			for i := range inner {
				cell.args = append(cell.args, apply(kMul, r.args[i], column.args[i]))
			}
			row.args = append(row.args, cell)
		}
		result.args = append(result.args, row)
	}
	return result
}
