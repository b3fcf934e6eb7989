package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// chatCase is what testdata/chat.py wrote with transformers.
type chatCase struct {
	Name, Template string
	Tokens         map[string]string
	Messages       []map[string]any
	Tools          []any
	Answer         bool
	More           map[string]any
	Text, Error    *string
}

// render renders a case with a tokenizer that has its template and tokens.
func (c chatCase) render(t *testing.T) (string, error) {
	settings := map[string]any{"chat_template": c.Template}
	for role, token := range c.Tokens {
		settings[role] = token
	}
	text, err := json.Marshal(settings)
	require.NoError(t, err)
	model, err := os.ReadFile("testdata/words/" + tokenizerFile)
	require.NoError(t, err)
	tok, err := Parse(model, text)
	require.NoError(t, err)
	chat := Chat{Answer: c.Answer, Tools: c.Tools, More: c.More}
	for _, m := range c.Messages {
		message := Message{Role: m["role"].(string), Content: m["content"].(string), More: m}
		chat.Messages = append(chat.Messages, message)
	}
	return tok.Render(chat)
}

func TestRenderGolden(t *testing.T) {
	var cases []chatCase
	readJSON(t, "testdata/chat.json", &cases)
	require.Len(t, cases, 32)
	for _, c := range cases {
		got, err := c.render(t)
		if c.Error != nil {
			require.ErrorContains(t, err, *c.Error, "%s", c.Name)
			continue
		}
		require.NoError(t, err, "%s %v", c.Name, c.Messages)
		require.Equal(t, *c.Text, got, "%s %v", c.Name, c.Messages)
	}
}

// TestRenderPublished renders the templates of published models, see TestPublished.
func TestRenderPublished(t *testing.T) {
	dir := os.Getenv("RLTRAIN_E2E_TOKENIZERS")
	if dir == "" {
		t.Skip("set RLTRAIN_E2E_TOKENIZERS to a folder that testdata/real.sh has filled to render published chat templates")
	}
	var cases []chatCase
	readJSON(t, filepath.Join(dir, "chat.json"), &cases)
	same := map[string]int{}
	for _, c := range cases {
		got, err := c.render(t)
		if c.Error != nil {
			require.ErrorContains(t, err, *c.Error, "%s", c.Name)
		} else {
			require.NoError(t, err, "%s %v", c.Name, c.Messages)
			require.Equal(t, *c.Text, got, "%s %v", c.Name, c.Messages)
		}
		same[c.Name]++
	}
	t.Log("conversations rendered alike:", same)
}

func TestAdapt(t *testing.T) {
	for source, want := range map[string]string{
		"a[-1] (b if c else d) { {":             "a[-1] (b if c else d) { {",
		"{{ a[-1].b[ -2 ] }}":                   "{{ a[-1:][0].b[-2:][0] }}",
		"{{ a[-1:] ~ a[x] }}":                   "{{ a[-1:] ~ a[x] }}",
		"{{ '(a if b)[-1]}}' ~ \"'\" }}":        "{{ '(a if b)[-1]}}' ~ \"'\" }}",
		"{# it's (a if b) #}{% if (a) %}":       "{# it's (a if b) #}{% if (a) %}",
		"{{ x + (a[-1] if f(b) else 'else') }}": "{{ x + (( f(b) )|pick((a[-1:][0] ),( 'else'))) }}",
		"{{ (a if b else (c if d)) }}":          "{{ (( b )|pick((a ),( (( d)|pick((c ),('')))))) }}",
		"{{ f(a, b if c else d) }}":             "{{ f(a, b if c else d) }}",
		"{{ (iffy else_) (":                     "{{ (iffy else_) (",
	} {
		require.Equal(t, want, adapt(source))
	}
}

func TestRenderErrors(t *testing.T) {
	for template, want := range map[string]string{
		"":                            "no chat template",
		"{% if %}":                    "chat template: ",
		"{% include '/etc/passwd' %}": "another file",
		"{{ nothing_like_it() }}":     "chat template: ",
	} {
		_, err := chatCase{Template: template}.render(t)
		require.ErrorContains(t, err, want, template)
	}
}

func TestChatTemplate(t *testing.T) {
	model, err := os.ReadFile("testdata/words/" + tokenizerFile)
	require.NoError(t, err)
	for settings, want := range map[string]string{
		`{}`:                     "",
		`{"chat_template":"x"}`:  "x",
		`{"chat_template":null}`: "",
		`{"chat_template":[{"name":"tool_use","template":"a"},{"name":"default","template":"b"}]}`: "b",
		`{"chat_template":[{"name":"tool_use","template":"a"}]}`:                                   "",
	} {
		tok, err := Parse(model, []byte(settings))
		require.NoError(t, err)
		got, ok := tok.ChatTemplate()
		require.Equal(t, want, got, settings)
		require.Equal(t, want != "", ok, settings)
	}
	dir := t.TempDir()
	put(t, dir, tokenizerFile, string(model))
	put(t, dir, templateFile, "from a file")
	tok, err := Load(dir)
	require.NoError(t, err)
	got, _ := tok.ChatTemplate()
	require.Equal(t, "from a file", got)
}

// FuzzAdapt: no template, however broken, does harm; one without tags stays as it is.
func FuzzAdapt(f *testing.F) {
	for _, s := range []string{"{{ (a if b else c)[-1] }}", "{% if '(' %}{# ' #}", "{{ ((( }}", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		got := adapt(source)
		if !strings.Contains(source, "{{") && !strings.Contains(source, "{%") {
			require.Equal(t, source, got)
		}
	})
}
