package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/internal/xla"
)

// deviceFlag chooses what the engine runs on.
func deviceFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "device", xla.CPU, "`DEVICE` that the engine runs on: cpu, or cuda for an NVIDIA GPU")
}

// tellDevices writes the rows of doctor about what an engine can run on. Nothing is fetched.
func tellDevices(ctx context.Context, table io.Writer) {
	if path, err := xla.Find(ctx, xla.CPU); err != nil {
		fmt.Fprintf(table, "plug-in\tnone: %v; `rltrain plugin` fetches it, without it training is many times slower\n", err)
	} else {
		fmt.Fprintf(table, "plug-in\t%s\n", path)
	}
	found, err := xla.GPUs(ctx)
	var none *xla.NoGPUError
	switch {
	case errors.As(err, &none):
		fmt.Fprintf(table, "gpu\tnone: %s\n", none.Looked)
		return
	case err != nil:
		fmt.Fprintf(table, "gpu\tunknown: %v\n", err)
		return
	}
	for i, gpu := range found {
		fmt.Fprintf(table, "gpu %d\t%s\n", i, gpu)
	}
	if err := xla.CheckDriver(found); err != nil {
		fmt.Fprintf(table, "gpu\ttoo old: %v\n", err)
	}
	if path, err := xla.Find(ctx, xla.CUDA); err != nil {
		fmt.Fprintf(table, "plug-in\tfor CUDA none: %v\n", err)
	} else {
		fmt.Fprintf(table, "plug-in\tfor CUDA %s\n", path)
	}
}

func pluginCommand() *cobra.Command {
	var device string
	cmd := &cobra.Command{
		Use:   "plugin",
		Short: "make sure that the XLA plug-in is on this machine, and print its path",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if device == xla.CUDA { // whoever makes an image for other machines may want it nevertheless
				if _, err := xla.GPUs(cmd.Context()); err != nil {
					fmt.Fprintf(cmd.ErrOrStderr(), "rltrain: fetching the plug-in for another machine: %v\n", err)
				}
			}
			path, err := xla.Install(cmd.Context(), device, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), path)
			return nil
		},
	}
	deviceFlag(cmd, &device)
	return cmd
}
