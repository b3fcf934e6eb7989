package moe

import (
	"github.com/rltrain/rltrain/policy"
)

// bundle is what is laid down together: one datum, or several of one prompt. Of a shared prompt all tokens but the last stand first, as a
// segment of their own; each response follows with the prompt's last token before it, as a segment that attends to the prompt too. Nothing
// is computed otherwise than side by side: what a prompt's token computes does not depend on what follows.
type bundle struct {
	members []int // indices into the data
	length  int   // positions
}

// segments is how many a bundle takes of its row.
func (b bundle) segments() int {
	if len(b.members) == 1 {
		return 1
	}
	return 1 + len(b.members)
}

// bundles groups data by prompt where they may share it, as many as fit a row; each other datum is one by itself.
func bundles(data []policy.Datum, width int, share bool) []bundle {
	var all []bundle
	open := map[string]int{} // by prompt: the bundle that takes further members
	for i, d := range data {
		key := string(asBytes(d.Prompt))
		at, known := open[key]
		longer := len(d.Response)
		if share && known && len(d.Prompt) > 1 && all[at].length+longer <= width && len(all[at].members)+2 <= maxSegments {
			all[at].members = append(all[at].members, i)
			all[at].length += longer
			continue
		}
		open[key] = len(all)
		all = append(all, bundle{[]int{i}, length(d)})
	}
	return all
}

// asBytes spells tokens for comparison.
func asBytes(tokens []policy.Token) []byte {
	out := make([]byte, 0, 4*len(tokens))
	for _, t := range tokens {
		out = append(out, byte(t), byte(t>>8), byte(t>>16), byte(t>>24))
	}
	return out
}

// writeBundle appends a bundle to a row, which must have room.
func (b *batch) writeBundle(data []policy.Datum, members []int, row int) {
	if len(members) == 1 {
		b.write(data[members[0]], members[0], row)
		return
	}
	prompt := data[members[0]].Prompt
	last := len(prompt) - 1
	at := row*b.width + b.filled[row]
	b.documents[row]++
	b.filled[row] += last
	prefix := int32(b.documents[row])
	for i, token := range prompt[:last] {
		b.tokens[at+i], b.targets[at+i] = token, prompt[i+1]
		b.positions[at+i], b.segments[at+i] = int32(i), prefix
	}
	b.shared = append(b.shared, last)
	for _, i := range members {
		b.lay(data[i], place{datum: i, row: row, start: b.filled[row] - last, routing: data[i].Routing, shares: true}, last, prefix)
	}
}
