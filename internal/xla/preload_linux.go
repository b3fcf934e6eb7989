package xla

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>

static const char *rltrain_load(const char *path) {
	return dlopen(path, RTLD_NOW | RTLD_LOCAL) ? NULL : dlerror();
}
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// loadLibrary loads the shared library at path for the life of the process.
func loadLibrary(path string) error {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	if message := C.rltrain_load(p); message != nil {
		return fmt.Errorf("load library: %w", errors.New(C.GoString(message)))
	}
	return nil
}
