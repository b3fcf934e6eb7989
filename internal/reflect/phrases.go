package reflect

// family is the templates of one category in one language.
type family struct {
	category  Category
	language  string
	templates []string
}

// cues is the phrase table. docs/emergence.md prints it.
var cues = compile(append(english(), chinese()...), macros(), leads)

// leads are the words that may come before the first word of a clause.
const leads = "so but and okay ok well oh ah now hmm wait no then yes yeah yep actually also however or nope right " +
	"那 么 但 是 所 以 嗯 哦 而 且 不 过 于 可 我 们 现 在 好 的"

func english() []family {
	return []family{
		{Verification, "English", verification()},
		{Backtracking, "English", backtracking()},
		{Reconsideration, "English", reconsideration()},
		{Subgoal, "English", subgoals()},
		{BackwardChaining, "English", backward()},
	}
}

func verification() []string {
	return []string{
		`<me> <check> !in|out|at`,
		`^(checking|verifying|testing|(double|re|cross) checking|rechecking) (that|the|this|with|whether|if|it|my|our|for|against)`,
		`^(checking|verifying|testing|(double|re|cross) checking|rechecking) $`,
		`^[quick|final|last] (check|verification|test) :`,
		`^[as|for|one|do] [a|one|another] [quick|final|last|simple|more] (sanity check|double check|cross check|check)`,
		`^to (verify|check|(double|cross) check|confirm|be sure|be safe|make sure|be certain) $`,
		`^to (verify|check|(double|cross) check|confirm|make sure) (this|that|it|my|our|the (answer|result|solution|calculation)|whether|if)`,
		`^(plug|plugging|substitute|substituting|insert|inserting|put|putting) … back into/in`,
		`^(substituting|plugging) … back`,
		`^(substituting|plugging) back`,
		`^(plugging|substituting|putting) … into the original`,
		`^(does|do|is|are|will) … (satisfy|work|hold|add up|fit|match|correct|right|true|make sense|check out|consistent) ?`,
		`^(does|do|is|are) … (satisfy|fit|match) … ?`,
		`^(is|was) (this|that|it|my|the) [answer|result] (correct|right|true)`,
		`(it|this|that|everything|all) (checks out|passes the check|holds up|adds up)`,
	}
}

func backtracking() []string {
	return []string{
		`^<it> <is> <bad> !to|that`,
		`^<it> (<is>|can't be|cannot be) (right|correct|true) because/since`,
		`^<it> isn't/wasn't [quite|really] (right|correct|true|possible)`,
		`^<it> (doesn't|does not) (look|seem) right/correct`,
		`^<it> (can't|cannot|couldn't) be (right|correct|true|it)`,
		`^<it> (can't|cannot) (work|happen)`,
		`^<it> (does not|doesn't|did not|didn't|won't|will not|cannot|can't) (work|help|fit|hold|lead|give|match|add up|satisfy|make sense|look right|seem right)`,
		`^<it> (fails|failed|leads nowhere|goes nowhere|isn't working|is not working)`,
		`^(this|that|which) contradicts`,
		`^(doesn't|does not|didn't) work`,
		`^<it> [guess] (is|was) too (small|big|large|low|high|much|many|few) (<me>|i) try`,
		`^(i|we) [must] ['ve|have|had] [also] (made|make) (a|an|some|the) [sign|calculation|arithmetic|silly|small|algebra|computation|copying|careless|stupid|little|big|same] (mistake|error|slip|mistakes)`,
		`^(i|we) [must] ['ve|have|had] [also] (miscounted|misread|miscalculated|misunderstood|mixed up|forgot|forgotten|overlooked|messed up|was wrong|skipped|missed|misplaced|swapped|miscopied)`,
		`^(oops|whoops|my mistake|my bad|scrap (that|this)|strike that|nope|never mind|ugh|correction)`,
		`^(oh no|wait no|no wait|hmm no) $`,
		`no $`,
		`<me> <turn>`,
		`^(start|starting|begin|beginning) (over|again|from scratch) !the`,
		`^(going back|back) to the/step/square/my/our`,
		`^(try|trying) (again|another|something else|something different|a different) !later`,
		`^(alternatively|instead) [maybe|perhaps] (i|we|let|try|consider|think|use|what if|one could)`,
		`^(perhaps|maybe) [there 's|is] (a better|another|a different) (way|approach|idea|method)`,
		`^(a better|another|a different) (way|approach|idea) (is|would be|might be|could be)`,
	}
}

func reconsideration() []string {
	return []string{
		`^wait [wait] $`,
		`^wait [wait] (but|so|is|does|did|maybe|actually|if|what|why|how|i|isn't|that|this|let|there|they|are|shouldn't|could|can)`,
		`^wait a (minute|second|moment|sec) $`,
		`^hold on [a (minute|second|moment|sec)] $`,
		`^hmm $`,
		`^hmm (but|so|is|let|that|this|what|maybe|i|it|the|not|why|how|there|if)`,
		`<me> <again>`,
		`^(on second thought|thinking about it again|come to think of it|now that i think about it)`,
		`^(looking at|thinking about|reading) … again`,
		`^(rereading|re reading|rethinking|reconsidering|revisiting) !costs`,
		`^actually $`,
		`^actually (no|let|wait|i|we|that 's|it 's|maybe)`,
		`^(am|did|have) i (missing|miss|forget|forgetting|overlooking|overlook|misread|misreading|make|making|forgotten|missed|sure)`,
		`^aha $`,
	}
}

func subgoals() []string {
	return []string{
		`^step (#|one|two|three|four|five) :`,
		`^step (#|one|two|three|four|five) $`,
		`^(first|firstly|first of all|to start|to begin|to start with|next|then|finally|lastly|second|secondly|third|thirdly|now|after that|before that) <me> !get|have|be`,
		`^(first|firstly|next|then|finally|lastly|second|secondly|now|after that) (i|we) <do>`,
		`^(first|next|finally|second|third) <do>`,
		`<me> first <do>`,
		`^<me> start/begin by/with !the target|answer|end`,
		`^(i|we) (need|have) to <do>`,
		`^(i|we) (need|have) to get/make/know/have/obtain`,
		`^<me> … first $`,
		`[my|our|the|a] [first|next|final|last|main|immediate|second] (goal|subgoal|sub goal|aim|objective|plan|task|step|strategy|thing to do|part) (is|would be|will be) [now] (to|#|clear|as|that)`,
		`^(my|our|the|a) [first|next|main|immediate] (goal|subgoal|sub goal|plan|strategy|aim) (is|here)`,
		`my/our (subgoal|sub goal)`,
		`^[so] [the|my|our] plan :`,
		`<me> (break|split|separate|decompose) … (down|into|up)`,
		`^to do (that|this|so) (i|we) (need|must|have|first)`,
		`^for (this|that) (i|we) (need|must|have)`,
	}
}

func backward() []string {
	return []string{
		`^[<me>|by|try] (work|working|think|thinking|reason|reasoning|go|going|solve|solving) backwards/backward`,
		`^in reverse $`,
		`^to (get|reach|make|obtain|end up with|end with|arrive at|produce|have|hit) [a|an|the|to] (#|target|result|that number) … (i|we) ['d|would|will|could] (need|must|have|want|can|use)`,
		`^to (get|reach|make|obtain|end up with|end with|arrive at|produce|have|hit) [a|an|the|to] (#|target|result) … (last|final) (step|operation|move)`,
		`^for … to be … (i|we) ['d|would|will] (need|must|have)`,
		`^(if|suppose|since|say) the (final|result|answer|target|last|end) [value|result|number|answer] (is|has to be|must be|should be|was) # … (last|before|previous|must)`,
		`^(i|we) (need|want) # … (before|at the end|last)`,
		`^what (would|could|can) (give|make|produce|yield) #`,
		`^what (do|would) (i|we) need [in order] to`,
		`^it (suffices|is enough|would suffice|would be enough) to`,
		`^the (target|goal) is # … (want|need|so)`,
		`(start|starting|begin|beginning) (from|with|at) the (target|goal|answer|end|result|final)`,
		`^(undo|undoing|reverse|reversing) (each|the|every) (step|steps|operation|operations)`,
		`^(last|final) (step|operation) (could|might|must|should|would) be`,
	}
}
