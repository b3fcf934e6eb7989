// Command blocks asks for aligned blocks and frees them in a random order, as XLA does, in four threads: each keeps its bytes, and memory stays
// within what is in use. It prints the most memory that the process has held, in MB.
package main

/*
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { HELD = 12, ROUNDS = 4000 };

// stress returns 0, or the line of what went wrong. Of a block the first, the last and some bytes between are written and read.
static void *stress(void *seed) {
	unsigned r = (uintptr_t)seed;
	unsigned char *held[HELD] = {0}, mark[HELD];
	size_t size[HELD];
	for (int i = 0; i < ROUNDS; i++) {
		int k = rand_r(&r) % HELD;
		if (held[k]) {
			if (malloc_usable_size(held[k]) < size[k]) return (void *)__LINE__;
			for (size_t at = 0; at < size[k]; at += 4093)
				if (held[k][at] != mark[k]) return (void *)__LINE__;
			if (held[k][size[k] - 1] != mark[k]) return (void *)__LINE__;
			if (i % 7 == 0) {
				unsigned char *moved = realloc(held[k], size[k] / 2 + 1);
				if (!moved || moved[0] != mark[k] || moved[size[k] / 2 / 4093 * 4093] != mark[k]) return (void *)__LINE__;
				held[k] = moved;
			}
			free(held[k]);
			held[k] = NULL;
			continue;
		}
		size[k] = 1 + rand_r(&r) % (i % 3 ? 8 << 20 : 1 << 12);
		void *got;
		if (i % 2) {
			if (posix_memalign(&got, 64, size[k])) return (void *)__LINE__;
		} else if (!(got = aligned_alloc(64, (size[k] + 63) / 64 * 64))) return (void *)__LINE__;
		if ((uintptr_t)got % 64) return (void *)__LINE__;
		held[k] = got, mark[k] = rand_r(&r);
		for (size_t at = 0; at < size[k]; at += 4093) held[k][at] = mark[k];
		held[k][size[k] - 1] = mark[k];
	}
	for (int k = 0; k < HELD; k++) free(held[k]);
	return NULL;
}

static long all(void) {
	pthread_t thread[4];
	void *wrong, *p = NULL;
	if (posix_memalign(&p, 24, 1 << 21) == 0 || p) return __LINE__; // no alignment
	for (long i = 0; i < 4; i++) pthread_create(&thread[i], NULL, stress, (void *)(i + 1));
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], &wrong);
		if (wrong) return (long)wrong;
	}
	return 0;
}

static long peak(void) {
	struct rusage use;
	getrusage(RUSAGE_SELF, &use);
	return use.ru_maxrss / 1024;
}
*/
import "C"

import (
	"fmt"
	"os"

	_ "github.com/rltrain/rltrain/internal/xla" // has the allocator
)

func main() {
	if line := C.all(); line != 0 {
		fmt.Println("wrong at line", int64(line))
		os.Exit(1)
	}
	fmt.Println(C.peak())
}
