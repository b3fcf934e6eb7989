package fair

// Groups is how many are remembered.
func (o *Order[K, T]) Groups() int { return len(o.groups) }
