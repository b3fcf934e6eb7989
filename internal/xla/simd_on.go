//go:build goexperiment.simd

package xla

// simd tells whether the pure-Go backend was built with vector instructions.
const simd = true
