package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/policy/gguf"
	"github.com/rltrain/rltrain/policy/hf"
	"github.com/rltrain/rltrain/policy/moe"
	"github.com/rltrain/rltrain/policy/tokenizer"
)

// modelCommand looks at model files without opening an engine.
func modelCommand() *cobra.Command {
	info := &cobra.Command{
		Use: "info FOLDER|FILE.gguf", Short: "architecture, parameters, types, vocabulary and cache size of a model", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			card, err := readCard(args[0])
			if err != nil {
				return err
			}
			return card.print(cmd.OutOrStdout())
		},
	}
	parent := &cobra.Command{Use: "model", Short: "look at model files, and convert them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	parent.AddCommand(info, importCommand(), exportModelCommand())
	return parent
}

// card is what `model info` prints.
type card struct {
	path     string
	config   hf.Config
	weights  bool // there are some; else it is a configuration only
	total    int  // parameters, without those that only draft tokens
	active   int  // that one token uses
	draft    int
	flops    int            // of one token's forward pass, attention aside
	types    map[string]int // bytes by type
	tokens   string         // of the tokenizer
	template bool
	adapter  *moe.Adapter // that the path holds: all else is of its base
}

// isGGUF tells a GGUF file from a folder by what it is called.
func isGGUF(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && strings.HasSuffix(strings.ToLower(path), ".gguf")
}

func readCard(path string) (*card, error) {
	if isGGUF(path) {
		return ggufCard(path)
	}
	dir, err := modelFolder(path)
	if err != nil {
		return nil, err
	}
	if moe.IsAdapter(dir) {
		return adapterCard(dir)
	}
	c := &card{path: dir, types: map[string]int{}}
	if c.config, err = hf.ReadConfig(dir); err != nil {
		return nil, err
	}
	c.describe(tokenizer.Load(dir))
	if !exists(dir+"/model.safetensors") && !exists(dir+"/model.safetensors.index.json") {
		return c, nil
	}
	file, err := hf.ReadFolder(dir)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for _, name := range file.Names() {
		t, _ := file.Stat(name)
		n := 1
		for _, d := range t.Shape {
			n *= d
		}
		c.types[string(t.DType)] += n * t.DType.Size()
		if !file.IsScale(name) {
			c.count(name, n, len(t.Shape))
		}
	}
	return c, nil
}

// adapterCard is the card of the base, with the adapter.
func adapterCard(dir string) (*card, error) {
	adapter, err := moe.ReadAdapter(dir)
	if err != nil {
		return nil, err
	}
	c, err := readCard(adapter.Base)
	if err != nil {
		return nil, fmt.Errorf("the base of adapter %s: %w", dir, err)
	}
	c.path, c.adapter = dir, &adapter
	return c, nil
}

func ggufCard(path string) (*card, error) {
	file, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	model, err := file.Convert("float32")
	if err != nil {
		return nil, err
	}
	c := &card{path: path, types: map[string]int{}}
	if c.config, err = hf.ParseConfig(model.Config); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, name := range file.Names() {
		t, _ := file.Stat(name)
		c.types[t.Type.String()] += int(t.Bytes())
		c.count(name, t.Elements(), len(t.Shape))
	}
	text, settings, err := file.Tokenizer()
	if err != nil {
		c.tokens = err.Error()
		return c, nil
	}
	c.describe(tokenizer.Parse(text, settings))
	return c, nil
}

// describe notes a tokenizer, or why there is none.
func (c *card) describe(tok *tokenizer.Tokenizer, err error) {
	if err != nil {
		c.tokens = err.Error()
		return
	}
	c.tokens = fmt.Sprintf("%d ids", tok.Size())
	_, c.template = tok.ChatTemplate()
}

// count adds a tensor of n parameters. Of the routed experts a token uses some; a layer past the
// last one drafts tokens and is not used otherwise.
func (c *card) count(name string, n, rank int) {
	c.weights = true
	var layer int
	if _, err := fmt.Sscanf(name, "model.layers.%d.", &layer); err == nil && layer >= c.config.Layers {
		c.draft += n
		return
	}
	c.total += n
	if strings.Contains(name, ".mlp.experts.") && c.config.Experts() > 0 {
		n = n * c.config.ExpertsPerToken / c.config.Experts()
	}
	c.active += n
	if rank > 1 && !strings.Contains(name, "embed_tokens") && !strings.Contains(name, "token_embd") {
		c.flops += 2 * n
	}
}

func (c *card) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	m := c.config
	line := func(name, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	line("model", "%s", c.path)
	if a := c.adapter; a != nil {
		line("adapter", "LoRA of rank %d, alpha %g, on %s: %s parameters; the rest is of its base %s", a.Rank, a.Alpha, strings.Join(a.Targets, ", "),
			strings.TrimSpace(count(a.Size)), a.Base)
	}
	line("architecture", "%s (%s)", strings.Join(m.Architectures, ", "), m.ModelType)
	line("size", "%d layers, width %d, %d heads", m.Layers, m.Width, m.Heads)
	if m.Experts() > 0 {
		line("experts", "%d, %d of them for a token", m.Experts(), m.ExpertsPerToken)
	}
	if !c.weights {
		line("parameters", "none: there are no weights beside %s", "config.json")
	} else {
		text := fmt.Sprintf("%s, %s active for a token", count(c.total), count(c.active))
		if c.draft > 0 {
			text += fmt.Sprintf("; %s more only draft tokens", count(c.draft))
		}
		line("parameters", "%s", text)
		line("weights", "%s", c.typeList())
	}
	line("vocabulary", "%d; tokenizer: %s", m.Vocab, c.tokens)
	line("chat template", "%s", map[bool]string{true: "yes", false: "none"}[c.template])
	line("context", "%d tokens", m.Context)
	kept, plain := m.Cache()
	kind := "attention"
	switch {
	case m.LatentRank > 0:
		kind = "latent attention"
	case m.KVHeads < m.Heads:
		kind = fmt.Sprintf("%d key-value heads", m.KVHeads)
	}
	if c.weights {
		head := 0
		if m.TieEmbeddings {
			head = 2 * m.Vocab * m.Width
		}
		line("FLOPs", "%s for a token forward, and %s for each token that it attends to; three times as many in training",
			strings.TrimSpace(count(c.flops+head)), strings.TrimSpace(count(2*plain)))
	}
	line("KV cache", "%d bytes for a token in bfloat16, %d in float32 (%s, all layers)", 2*kept, 4*kept, kind)
	line("", "%d in bfloat16 with plain attention of as many heads: %.1f times as much", 2*plain, float64(plain)/float64(max(1, kept)))
	return w.Flush()
}

// typeList names the types of the weights, most bytes first.
func (c *card) typeList() string {
	var names []string
	sum := 0
	for name, n := range c.types {
		names = append(names, name)
		sum += n
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := c.types[b] - c.types[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %sB", name, count(c.types[name]))
	}
	return fmt.Sprintf("%sB: %s", count(sum), strings.Join(names, ", "))
}

// count writes a number with three digits and a unit: 135 M.
func count(n int) string {
	x, unit := float64(n), 0
	for x >= 999.5 && unit < 4 {
		x /= 1000
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d ", n)
	}
	return fmt.Sprintf("%.3g %c", x, "kMGT"[unit-1])
}
