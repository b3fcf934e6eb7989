package xla

/*
#include <malloc.h>
#include <stdlib.h>

#ifdef __GLIBC__
// XLA asks for one large block of temporaries at each call. By default glibc maps it, gives it back
// after the call and faults it in anew at the next, and threads with an arena of their own always
// do: a training step of the demo model took 700 ms of CPU time so, and 440 ms with one arena that
// grows by brk and is never trimmed. Arenas are handed to threads at their first allocation, so this must run before
// the Go runtime starts any: hence a constructor, not a call from Open. What the user set in the environment stays.
__attribute__((constructor)) static void rltrain_tune_malloc(void) {
	if (!getenv("MALLOC_ARENA_MAX")) mallopt(M_ARENA_MAX, 1);
	if (!getenv("MALLOC_MMAP_MAX_") && !getenv("MALLOC_MMAP_THRESHOLD_")) mallopt(M_MMAP_MAX, 0);
	if (!getenv("MALLOC_TRIM_THRESHOLD_")) mallopt(M_TRIM_THRESHOLD, -1);
	if (!getenv("MALLOC_TOP_PAD_")) mallopt(M_TOP_PAD, 100000000); // bytes beyond need each time the heap grows
}
#endif
*/
import "C"
