package reflect

// macros are lists of words that templates share.
func macros() map[string]string {
	return map[string]string{
		"adv": `(just|quickly|now|also|first|briefly|carefully|still|maybe|perhaps|actually|try to|at least|please|simply|` +
			`then|instead|probably|really|always|go and|better|do)`,
		"me": `(let me/us/'s|i/we 'll/will/should/must/can/could/might|i/we need/have/want to|i/we 'd/would like to|` +
			`i/we 'd better|i/we 'm/am/'re/are going to|can/should/shall i/we|it 's time to) [<adv>] [<adv>]`,
		"it": `(this|that|it|which|everything|this/that/the/my/our [last|first|second|whole] ` +
			`answer/result/approach/route/path/method/way/attempt/idea/guess/value/number/assumption/step/direction/one)`,
		"is": `('s|is|was|must be|seems|seemed|looks|feels|might be|may be|could be|can't be|cannot be|couldn't be|would be|` +
			`doesn't seem|doesn't look) [clearly|also|obviously|definitely|probably|still|just|simply|surely|all|a bit|too]`,
		"bad": `(wrong|incorrect|mistaken|a/an/my [silly|small|sign] mistake/error/slip|off|impossible|absurd|nonsense|a dead end|` +
			`a contradiction|too far off|not possible|not [quite|really] right/correct/true|not what we/i want)`,
		"check": `(check|verify|confirm|validate|double/re/cross check|recheck|recompute|recalculate|recount|` +
			`re compute/calculate/count/verify|make sure|sanity check|test|` +
			`count/add/go/run/look/calculate/compute … again|count/go/run … once more|run/walk through|be sure)`,
		"again": `(reconsider|rethink|re think|re examine|reexamine|re evaluate|reevaluate|reassess|re assess|revisit|re read|reread|` +
			`think again|think … again/over/through|take another/second/closer/fresh look|take a second/closer/fresh look|` +
			`look again|look … again|pause|slow down|read … again|step back|see … again)`,
		"turn": `(correct/fix that/this/it/my/the|redo|undo|start/begin over/again/afresh/anew|start/begin from scratch|try again|` +
			`back track|backtrack|go back to|go back|discard/abandon/drop/scrap that/this/it|` +
			`try another/other|try some other|try something else/different|try a different/new/better|try the other|` +
			`switch to|change my/the/our approach/plan/mind/strategy|take another|take a different|use another way/approach/method|` +
			`use a different way/approach/method|think of another|think of a different|approach this/it differently|go another/different way)`,
		"do": `(find|compute|calculate|determine|solve|convert|identify|count|add|subtract|multiply|divide|simplify|set up|` +
			`rewrite|factor|expand|define|consider|list|work out|figure out|evaluate|express|draw|construct|isolate|square|` +
			`handle|look for|understand|show|prove|write down|substitute)`,
	}
}
