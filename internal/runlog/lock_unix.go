//go:build unix

package runlog

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lockForWriting makes this process the run's only writer. The lock is on the folder itself
// and goes with the process, however that ends.
func lockForWriting(dir string) (*os.File, error) {
	folder, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("open run folder %s: %w", dir, err)
	}
	for attempt := 0; ; attempt++ {
		err = syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || attempt == 10 {
			break
		}
		time.Sleep(20 * time.Millisecond) // a reader may be asking whether somebody writes
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		folder.Close()
		return nil, fmt.Errorf("run %s is being written by another process: wait for it to end, or choose another --out", dir)
	}
	return folder, nil // a file system without flock has no protection; that is no reason to refuse it
}

// Writing tells whether some process has the run in dir open for writing.
func Writing(dir string) bool {
	folder, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer folder.Close()
	err = syscall.Flock(int(folder.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	return errors.Is(err, syscall.EWOULDBLOCK)
}
