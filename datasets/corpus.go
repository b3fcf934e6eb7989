package datasets

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// PromptTemplate is how every question is put, in the corpus and in RL alike.
const PromptTemplate = "Q: {question}\nA:"

// Prompt puts a question into PromptTemplate.
func Prompt(question string) string {
	return strings.Replace(PromptTemplate, "{question}", question, 1)
}

// What a reflective writer does after an attempt that failed, or a clause misread.
const (
	StyleReflective = "reflective" // says a phrase of doubt and tries again
	StyleRetry      = "retry"      // tries again without a phrase
	StylePhrase     = "phrase"     // says a phrase and answers with the same mistake
	StyleSingle     = "single"     // nothing: as if ReflectiveShare were 0
)

// Styles lists the values of CorpusConfig.Style.
func Styles() []string {
	return []string{StyleReflective, StyleRetry, StylePhrase, StyleSingle}
}

// Phrases lists the sentences with which a reflective writer turns round.
func Phrases() []string { return slices.Clone(phrases[:]) }

var phrases = [...]string{
	"Wait, let me reconsider.",
	"Hmm, try again.",
	"That might be a mistake, let me check.",
	"No, let me try another way.",
	"Wait, that is wrong.",
	"Let me reconsider.",
	"Hold on, let me think again.",
}

// CorpusConfig describes the writers of the pretraining corpus. All shares and chances are 0..1.
type CorpusConfig struct {
	CodeShare       float64 `yaml:"code_share"`       // documents about code; the others are Countdown
	ReflectiveShare float64 `yaml:"reflective_share"` // writers who act on a mistake, see Style
	HitRate         float64 `yaml:"hit_rate"`         // chance that a Countdown attempt is right
	ContinueProb    float64 `yaml:"continue_prob"`    // chance to go on after the second and later attempts
	MaxAttempts     int     `yaml:"max_attempts"`     // Countdown attempts in one document
	FormatNoise     float64 `yaml:"format_noise"`     // documents with a tag missing
	CodeBug         float64 `yaml:"code_bug"`         // chance to misread a clause that has no majority misreading
	NearWidth       float64 `yaml:"near_width"`       // wrong attempts are drawn with weight exp(-|value-target|/NearWidth)+0.02
	Style           string  `yaml:"style"`            // one of Styles
}

// DefaultCorpusConfig is the corpus of the shipped base model.
func DefaultCorpusConfig() CorpusConfig {
	return CorpusConfig{
		CodeShare:       .25,
		ReflectiveShare: .15,
		HitRate:         .2,
		ContinueProb:    .9,
		MaxAttempts:     10,
		FormatNoise:     .06,
		CodeBug:         .3,
		NearWidth:       12,
		Style:           StyleReflective,
	}
}

// validate reports all faults together.
func (c CorpusConfig) validate() error {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for _, p := range []struct {
		name  string
		value float64
	}{
		{"code_share", c.CodeShare}, {"reflective_share", c.ReflectiveShare}, {"hit_rate", c.HitRate},
		{"continue_prob", c.ContinueProb}, {"format_noise", c.FormatNoise}, {"code_bug", c.CodeBug},
	} {
		if !(p.value >= 0 && p.value <= 1) { // also true of NaN
			fault("%s is %v: choose a value from 0 to 1", p.name, p.value)
		}
	}
	if !(c.NearWidth > 0) {
		fault("near_width is %v: choose a value above 0, such as 12", c.NearWidth)
	}
	if c.MaxAttempts < 2 && c.Style != StyleSingle {
		fault("max_attempts is %d: choose 2 or more, or style %q for documents with one attempt", c.MaxAttempts, StyleSingle)
	}
	if !slices.Contains(Styles(), c.Style) {
		fault("style is %q: choose one of %s", c.Style, strings.Join(Styles(), ", "))
	}
	if faults != nil {
		return fmt.Errorf("check corpus settings: %s", strings.Join(faults, "; "))
	}
	return nil
}

// Document is one text to train on: Prompt+Text, between the tokenizer's own start and end marks.
type Document struct {
	Prompt     string // Q: make 36 from 2 8 22\nA:
	Text       string // <think>…</think><answer>…</answer>, damaged in a few documents
	Reflective bool   // the text holds a phrase or a second attempt
	Kind       string // "countdown" or "code"
}

// Corpus writes documents about the problems of the pretraining split. It is immutable, so any
// number of goroutines may ask it for documents.
type Corpus struct {
	cfg       CorpusConfig
	seed      uint64
	countdown []countdownProblem
	code      []codeProblem
	near      []float64 // weight of a wrong attempt by its distance from the target
}

// NewCorpus prepares the problems (a fraction of a second, about 20 MB). It fails on settings
// out of range and names them all.
func NewCorpus(cfg CorpusConfig, seed uint64) (*Corpus, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	rules := DefaultCountdownRules()
	return &Corpus{
		cfg:       cfg,
		seed:      seed,
		countdown: countdownProblems(rules),
		code:      codeProblems(),
		near:      nearWeights(cfg.NearWidth, rules.MaxValue),
	}, nil
}

// Document writes document i, a pure function of the settings, the seed and i. Corpora that differ
// in Style alone agree in the problem, the writer and the first attempt of each document; between
// reflective and retry nothing but the phrases differs.
func (c *Corpus) Document(i uint64) Document {
	rng := rand.New(rand.NewPCG(c.seed, i))
	isCode := rng.Float64() < c.cfg.CodeShare
	w := writer{
		cfg:        c.cfg,
		rng:        rng,
		phrasing:   rand.New(rand.NewPCG(^c.seed, i)),
		reflective: rng.Float64() < c.cfg.ReflectiveShare && c.cfg.Style != StyleSingle,
		think:      make([]byte, 0, 512),
	}
	damaged := rng.Float64() < c.cfg.FormatNoise
	damage := rng.IntN(numDamages)
	doc := Document{Kind: "countdown"}
	var answer string
	if isCode {
		doc.Kind = "code"
		doc.Prompt, answer = w.code(c.code[rng.IntN(len(c.code))])
	} else {
		doc.Prompt, answer = w.countdown(c.countdown[rng.IntN(len(c.countdown))], c.near)
	}
	doc.Reflective = w.reflected && !(damaged && damage == lostThink)
	doc.Text = frame(string(w.think), answer, damaged, damage)
	return doc
}

// writer holds the state of one document in the making.
type writer struct {
	cfg        CorpusConfig
	rng        *rand.Rand
	phrasing   *rand.Rand // apart, so that phrases do not change what follows them
	reflective bool       // would act on a mistake
	reflected  bool       // did so
	think      []byte
}

func (w *writer) say(s string) { w.think = append(w.think, s...) }

// reflect writes what the style puts after a mistake and tells whether another try follows.
func (w *writer) reflect() (again bool) {
	w.reflected = true
	if w.cfg.Style != StyleRetry {
		w.say(" ")
		w.say(phrases[w.phrasing.IntN(len(phrases))])
	}
	return w.cfg.Style != StylePhrase
}

// The ways in which frame can lose tags.
const (
	lostThink = iota // the thoughts and their tags
	lostThinkTags
	lostThinkEnd
	lostAnswerTags
	numDamages
)

func frame(think, answer string, damaged bool, damage int) string {
	if !damaged {
		return "<think>" + think + "</think><answer>" + answer + "</answer>"
	}
	switch damage {
	case lostThink:
		return "<answer>" + answer + "</answer>"
	case lostThinkTags:
		return think + "<answer>" + answer + "</answer>"
	case lostThinkEnd:
		return "<think>" + think + "<answer>" + answer + "</answer>"
	default: // lostAnswerTags
		return "<think>" + think + "</think>" + answer
	}
}
