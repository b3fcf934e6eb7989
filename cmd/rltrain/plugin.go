package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/internal/xla"
)

func pluginCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "plugin",
		Short: "make sure that the XLA plug-in is on this machine, and print its path",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := xla.Install(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), path)
			return nil
		},
	}
}
