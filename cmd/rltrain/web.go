package main

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/internal/web"
)

// webCommand shows runs as pages.
func webCommand() *cobra.Command {
	var runs, addr, token string
	cmd := &cobra.Command{
		Use:   "web",
		Short: "show runs as pages: curves, rollouts, emergence, experts, evaluations",
		Long: "Serve pages over the runs of a folder, also while they go on, until Ctrl-C. Pages are read-only and need nothing from\n" +
			"outside. Other machines can reach them only on an address given with --addr, and then only with --token.",
		Example: "  rltrain web\n  rltrain web --runs /data/runs --addr 0.0.0.0:8080 --token \"$(openssl rand -hex 16)\"",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := web.New(web.Options{Runs: runs, Token: token})
			if err != nil {
				return err
			}
			listener, err := web.Listen(addr, token)
			if err != nil {
				return err
			}
			address := url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/"}
			if token != "" {
				address.RawQuery = url.Values{"token": {token}}.Encode()
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "runs in %s: %s (Ctrl-C ends)\n", runs, &address)
			return server.Serve(cmd.Context(), listener)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&runs, "runs", "runs", "folder that holds the runs")
	flags.StringVar(&addr, "addr", "127.0.0.1:8080", "`HOST:PORT` to listen on; port 0 for any free one")
	flags.StringVar(&token, "token", "", "who has this may read; needed for an address that other machines reach")
	return cmd
}
