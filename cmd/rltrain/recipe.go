package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
)

// readRecipe decodes the YAML file at path over the defaults in into, then each override
// `key.path=value`. Unknown keys and wrong types are errors that name line and key.
func readRecipe(path string, overrides []string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read recipe: %w (recipes that come with rltrain are in recipes/)", err)
	}
	if err := decodeRecipe(data, into); err != nil {
		return fmt.Errorf("recipe %s: %w", path, err)
	}
	return override(overrides, into)
}

// override sets single values given as `key.path=value`.
func override(overrides []string, into any) error {
	for _, o := range overrides {
		key, value, ok := strings.Cut(o, "=")
		if !ok || key == "" {
			return fmt.Errorf("override -o %q: want key.path=value", o)
		}
		if err := decodeRecipe(nested(strings.Split(key, "."), value), into); err != nil {
			return fmt.Errorf("override -o %q: %w", o, err)
		}
	}
	return nil
}

// nested writes the YAML document that sets one value at a path of keys.
func nested(path []string, value string) []byte {
	var b bytes.Buffer
	for depth, key := range path {
		fmt.Fprintf(&b, "%s%s:", strings.Repeat("  ", depth), key)
		if depth == len(path)-1 {
			fmt.Fprintf(&b, " %s", value)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func decodeRecipe(data []byte, into any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return errors.New("the file is empty: want keys such as model, steps, tasks (see recipes/)")
	}
	err := yaml.NewDecoder(bytes.NewReader(data), yaml.DisallowUnknownField()).Decode(into)
	if err == nil {
		return nil
	}
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) {
		return fmt.Errorf("%s: remove it, or look for the right name in docs/recipes.md", strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	return errors.New(strings.TrimSpace(yaml.FormatError(err, false, true)))
}
