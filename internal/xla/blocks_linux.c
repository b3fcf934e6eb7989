// Large aligned blocks in a region of their own.
//
// XLA asks for one block of temporaries at each call, of a gigabyte and more, and for the tensors that come out of it, by posix_memalign. glibc 2.36
// rarely finds room for such a block where one of the same size has just been freed: the few bytes that alignment takes before it have gone to
// a cache for small blocks, or a small block has settled beside it. So the heap grows by another block, whose pages the system fills with
// zeros, at call after call: up to twice the memory and half the speed of a training step, differently each time a program runs.
// Here such blocks have only one another as neighbours, and are joined when they are freed. Pages are kept, as in the tuned heap (malloc_linux.go),
// and are small: in huge ones, gradients over rows of 4,096 positions took twice as long, for columns of their scores meet in few cache sets.
#define _GNU_SOURCE
#include <stdlib.h>

#ifdef __GLIBC__
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum {
	LEAST = 1 << 20, // bytes of the smallest block that is served here
	UNIT = 1 << 16   // bytes that sizes and places are multiples of: at least what any alignment asks for
};
#define REGION (1ull << 40) // bytes of addresses, not of memory

// A span is a run of units; spans follow one another without gaps, and of two neighbours at most one is free.
typedef struct span {
	size_t at, units; // in units from the region's start
	int free;
	struct span *before, *after;
} span;

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static char *region;  // NULL before the first block, or where the system gives no addresses
static span **starts; // by unit: the span that starts there
static span *last;
static int refused; // the system gave no addresses

static void *(*heap_realloc)(void *, size_t);
static void (*heap_free)(void *);
static size_t (*heap_usable)(void *);

extern void *__libc_memalign(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

// resolve finds the allocator that would serve if this file did not exist: glibc's, or one that was preloaded.
static void resolve(void) {
	static __thread int inside; // dlsym may allocate
	if (inside) return;
	inside = 1;
	heap_realloc = dlsym(RTLD_NEXT, "realloc");
	heap_usable = dlsym(RTLD_NEXT, "malloc_usable_size");
	heap_free = dlsym(RTLD_NEXT, "free");
	inside = 0;
}

static void open_region(void) {
	size_t table = REGION / UNIT * sizeof(span *);
	char *got = mmap(NULL, REGION + table, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (got == MAP_FAILED) {
		refused = 1;
		return;
	}
	uintptr_t start = ((uintptr_t)got + UNIT - 1) / UNIT * UNIT; // costs a unit at the end
	starts = (span **)(got + REGION);
	__atomic_store_n(&region, (char *)start, __ATOMIC_RELEASE);
}

static int holds(const void *p) {
	char *start = __atomic_load_n(&region, __ATOMIC_ACQUIRE);
	return start && (char *)p >= start && (char *)p < start + REGION - UNIT;
}

// add puts a span behind another, which may be NULL.
static span *add(span *before, size_t at, size_t units) {
	span *s = malloc(sizeof *s);
	if (!s) return NULL;
	*s = (span){at, units, 1, before, before ? before->after : NULL};
	if (before) before->after = s;
	if (s->after) s->after->before = s;
	else last = s;
	starts[at] = s;
	return s;
}

// drop joins a span to the one before it.
static void drop(span *s) {
	s->before->units += s->units;
	s->before->after = s->after;
	if (s->after) s->after->before = s->before;
	else last = s->before;
	starts[s->at] = NULL;
	free(s);
}

// fitting is the smallest free span with so many units, or a new one at the end.
static span *fitting(size_t units) {
	span *best = NULL;
	for (span *s = last; s; s = s->before)
		if (s->free && s->units >= units && (!best || s->units <= best->units)) best = s;
	if (best) return best;
	size_t end = last ? last->at + last->units : 0, have = last && last->free ? last->units : 0;
	if (end - have + units >= REGION / UNIT) return NULL;
	if (!have) return add(last, end, units);
	last->units = units;
	return last;
}

static void *large(size_t bytes) {
	size_t units = (bytes + UNIT - 1) / UNIT;
	void *p = NULL;
	pthread_mutex_lock(&guard);
	if (!heap_free) resolve();
	if (!region && !refused) open_region();
	span *s = region ? fitting(units) : NULL;
	if (s) {
		if (s->units > units && add(s, s->at + units, s->units - units)) s->units = units;
		s->free = 0;
		p = region + s->at * UNIT;
	}
	pthread_mutex_unlock(&guard);
	return p;
}

static void release(void *p) {
	pthread_mutex_lock(&guard);
	span *s = starts[((char *)p - region) / UNIT];
	if (!s || s->free) abort(); // freed twice
	s->free = 1;
	if (s->after && s->after->free) drop(s->after);
	if (s->before && s->before->free) drop(s);
	pthread_mutex_unlock(&guard);
}

static size_t size_of(void *p) { return starts[((char *)p - region) / UNIT]->units * (size_t)UNIT; }

int posix_memalign(void **out, size_t alignment, size_t bytes) {
	if (alignment % sizeof(void *) || (alignment & (alignment - 1)) || !alignment) return EINVAL;
	void *p = bytes >= LEAST && alignment <= UNIT ? large(bytes) : NULL;
	if (!p) p = memalign(alignment, bytes);
	if (!p) return ENOMEM;
	*out = p;
	return 0;
}

void *aligned_alloc(size_t alignment, size_t bytes) {
	void *p = bytes >= LEAST && alignment <= UNIT ? large(bytes) : NULL;
	return p ? p : memalign(alignment, bytes);
}

void free(void *p) {
	if (holds(p)) {
		int was = errno;
		release(p);
		errno = was;
		return;
	}
	if (!heap_free) resolve();
	if (heap_free) heap_free(p);
	else __libc_free(p);
}

void *realloc(void *p, size_t bytes) {
	if (!holds(p)) {
		if (!heap_realloc) resolve();
		return heap_realloc ? heap_realloc(p, bytes) : __libc_realloc(p, bytes);
	}
	void *q = malloc(bytes);
	if (q) {
		size_t have = size_of(p);
		memcpy(q, p, have < bytes ? have : bytes);
		release(p);
	}
	return q;
}

size_t malloc_usable_size(void *p) {
	if (holds(p)) return size_of(p);
	if (!heap_usable) resolve();
	return heap_usable(p);
}
#endif
