// Package rltrain holds the files that travel inside the binary: the recipes and the shipped base model.
package rltrain

import "embed"

// Assets has recipes/*.yaml and models/base.
//
//go:embed recipes/*.yaml models/base
var Assets embed.FS
