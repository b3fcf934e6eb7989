package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/policy/gguf"
	"github.com/rltrain/rltrain/policy/hf"
	"github.com/rltrain/rltrain/policy/tokenizer"
)

// importCommand turns a GGUF file into a Hugging Face folder.
func importCommand() *cobra.Command {
	var dtype string
	var shard float64
	cmd := &cobra.Command{
		Use: "import FILE.gguf FOLDER", Short: "convert a GGUF file to a Hugging Face model folder", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if dtype != "float32" && dtype != "bfloat16" {
				return usageError{fmt.Errorf("--dtype %q is neither float32 nor bfloat16", dtype)}
			}
			limit, err := shardBytes(shard)
			if err != nil {
				return err
			}
			if err := importModel(args[0], args[1], dtype, limit); err != nil {
				return err
			}
			card, err := readCard(args[1])
			if err != nil {
				return err
			}
			return card.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&dtype, "dtype", "float32", "type of the weights written: float32 or bfloat16")
	shardFlag(cmd, &shard)
	return cmd
}

func shardFlag(cmd *cobra.Command, into *float64) {
	cmd.Flags().Float64Var(into, "shard", 5, "gigabytes of a weights file at most")
}

// shardBytes is the value of --shard in bytes.
func shardBytes(gigabytes float64) (int64, error) {
	if !(gigabytes > 0) {
		return 0, usageError{fmt.Errorf("--shard %g is no size: try 5", gigabytes)}
	}
	return int64(min(gigabytes*1e9, math.MaxInt64/2)), nil
}

func importModel(from, to, dtype string, shard int64) error {
	if !isGGUF(from) {
		return fmt.Errorf("%s is no GGUF file: a Hugging Face folder needs no import, name it as it is", from)
	}
	if exists(filepath.Join(to, "config.json")) {
		return fmt.Errorf("%s holds a model already: name another folder", to)
	}
	file, err := gguf.Open(from)
	if err != nil {
		return err
	}
	defer file.Close()
	model, err := file.Convert(dtype)
	if err != nil {
		return err
	}
	text, settings, err := file.Tokenizer()
	if err != nil {
		return err
	}
	tok, err := tokenizer.Parse(text, settings)
	if err != nil {
		return fmt.Errorf("%s: its tokenizer: %w", from, err)
	}
	entries := make([]hf.Entry, 0, len(model.Parts))
	for _, part := range model.Parts {
		entries = append(entries, convertedEntry(model, part, dtype))
	}
	if err := hf.WriteFolder(to, entries, shard); err != nil {
		return err
	}
	if err := tok.Save(to); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(to, "config.json"), model.Config, 0o644); err != nil { // last: it makes the folder a model
		return fmt.Errorf("import model: %w", err)
	}
	return nil
}

// convertedEntry reads and converts a tensor when it is its turn to be written.
func convertedEntry(model *gguf.Model, part gguf.Part, dtype string) hf.Entry {
	e := hf.Entry{Tensor: hf.Tensor{Name: part.Name, DType: hf.F32, Shape: part.Shape}}
	if dtype == "bfloat16" {
		e.DType = hf.BF16
	}
	e.Read = func() ([]byte, error) {
		values, err := model.Floats(part)
		if err != nil {
			return nil, err
		}
		if dtype == "bfloat16" {
			return hf.NewBF16s(part.Name, part.Shape, values).Data, nil
		}
		return hf.NewFloat32s(part.Name, part.Shape, values).Data, nil
	}
	return e
}
