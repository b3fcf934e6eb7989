package web

import "github.com/rltrain/rltrain/internal/runlog"

// differences lists the settings in which the recipes of the runs differ, fit to be shown.
func differences(runs []told) []runlog.Difference {
	infos := make([]runlog.Info, len(runs))
	for i, run := range runs {
		infos[i] = run.Info
	}
	out := runlog.Differences(infos, none)
	for i, d := range out {
		out[i].Key = visible(d.Key)
		for j, value := range d.Values {
			d.Values[j] = visible(value)
		}
	}
	return out
}
