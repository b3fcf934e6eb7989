package runlog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Difference is a setting in which runs differ.
type Difference struct {
	Key    string   // the setting's path in the recipe, such as grpo.lr
	Values []string // one for each run
}

// Differences lists the settings in which the recipes of the runs differ, by path. A run that does not
// have a setting gets missing as its value. The texts are as the recipes hold them: escape them before they are shown.
func Differences(runs []Info, missing string) []Difference {
	flat := make([]map[string]string, len(runs))
	keys := map[string]bool{}
	for i, run := range runs {
		flat[i] = settings(run.Config)
		flat[i]["model"], flat[i]["recipe"] = run.Model, run.Recipe
		for key := range flat[i] {
			keys[key] = true
		}
	}
	var out []Difference
	for key := range keys {
		d := Difference{Key: key}
		for _, have := range flat {
			value, ok := have[key]
			if !ok {
				value = missing
			}
			d.Values = append(d.Values, value)
		}
		if slices.ContainsFunc(d.Values, func(v string) bool { return v != d.Values[0] }) {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b Difference) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// Setting is the value of a recipe's key, such as grpo.lr; "" where the recipe lacks it.
func (i Info) Setting(key string) string { return settings(i.Config)[key] }

// settings turns a recipe into values by path. One that cannot be read is a single setting.
func settings(config string) map[string]string {
	out := map[string]string{}
	var root any
	if err := yaml.Unmarshal([]byte(config), &root); err != nil {
		out["config"] = config
		return out
	}
	flattenInto(out, "", root)
	return out
}

func flattenInto(out map[string]string, path string, node any) {
	switch v := node.(type) {
	case map[string]any:
		for key, value := range v {
			flattenInto(out, strings.TrimPrefix(path+"."+key, "."), value)
		}
	case []any:
		for i, value := range v {
			flattenInto(out, fmt.Sprintf("%s[%d]", path, i), value)
		}
	case nil:
	default:
		out[path] = fmt.Sprint(v)
	}
}
