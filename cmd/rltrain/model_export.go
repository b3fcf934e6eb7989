package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/policy/moe"
)

// exportModelCommand makes a plain model folder of a checkpoint.
func exportModelCommand() *cobra.Command {
	var shard float64
	cmd := &cobra.Command{
		Use: "export MODEL FOLDER", Short: "write a checkpoint as a plain model folder, a LoRA adapter merged into its base", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			limit, err := shardBytes(shard)
			if err != nil {
				return err
			}
			if isGGUF(args[0]) {
				return usageError{fmt.Errorf("%s is a GGUF file: turn it into a folder with rltrain model import", args[0])}
			}
			dir, err := modelFolder(args[0])
			if err != nil {
				return err
			}
			if err := moe.Export(dir, args[1], limit); err != nil {
				return err
			}
			card, err := readCard(args[1])
			if err != nil {
				return err
			}
			return card.print(cmd.OutOrStdout())
		},
	}
	shardFlag(cmd, &shard)
	return cmd
}
