package web

import (
	"maps"
	"slices"
)

// curvesTable is a table whose steps lead to their rollouts.
type curvesTable struct {
	Run   string
	Table metricTable
}

// tableOfCharts is what charts over steps show, for reading without them: a column for each curve.
func tableOfCharts(charts []chart) metricTable {
	var columns []map[int]string
	seen := map[int]bool{}
	t := metricTable{Every: 1}
	for _, c := range charts {
		for _, s := range c.Series {
			name := c.Title
			if s.Name != "" {
				name += ": " + s.Name
			}
			column := map[int]string{}
			for i, x := range s.X {
				seen[int(x)] = true
				column[int(x)] = c.value(s.Y[i])
			}
			t.Columns, columns = append(t.Columns, visible(name)), append(columns, column)
		}
	}
	steps := slices.Sorted(maps.Keys(seen))
	if n := len(steps); n > maxRows {
		t.Every = (n + maxRows - 1) / maxRows
	}
	for i := 0; i < len(steps); i += t.Every {
		row := metricRow{Step: steps[i]}
		for _, column := range columns {
			value, known := column[steps[i]]
			if !known {
				value = none
			}
			row.Values = append(row.Values, value)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
