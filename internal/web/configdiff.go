package web

import (
	"fmt"
	"sort"

	"github.com/goccy/go-yaml"
)

// difference is a setting in which runs differ; a run without it has none there.
type difference struct {
	Key    string
	Values []string // one for each run
}

// differences lists the settings in which the recipes of the runs differ.
func differences(runs []told) []difference {
	if len(runs) < 2 {
		return nil
	}
	flat := make([]map[string]string, len(runs))
	keys := map[string]bool{}
	for i, run := range runs {
		flat[i] = flatten(run.Info.Config)
		flat[i]["model"], flat[i]["recipe"] = run.Info.Model, run.Info.Recipe
		for key := range flat[i] {
			keys[key] = true
		}
	}
	var out []difference
	for key := range keys {
		d, differs := difference{Key: visible(key)}, false
		for _, settings := range flat {
			value, ok := settings[key]
			if !ok {
				value = none
			}
			d.Values = append(d.Values, visible(value))
			differs = differs || d.Values[0] != d.Values[len(d.Values)-1]
		}
		if differs {
			out = append(out, d)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Key < out[j].Key })
	return out
}

// flatten turns a recipe into settings by path, such as grpo.lr. One that cannot be read is a single setting.
func flatten(config string) map[string]string {
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
			flattenInto(out, join(path, key), value)
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

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
