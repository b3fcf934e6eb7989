package tokenizer

import (
	"fmt"
	"os"
	"path/filepath"
)

// Save writes tokenizer.json and the files beside it that were loaded with it, byte for byte, into
// the folder dir, which is made if need be.
func (t *Tokenizer) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save tokenizer: %w (choose another folder)", err)
	}
	for name, content := range t.files {
		if err := replace(filepath.Join(dir, name), content); err != nil {
			return fmt.Errorf("save tokenizer: %w (free some space, or choose another folder)", err)
		}
	}
	return nil
}

// replace writes a file beside path and renames it, so that nobody reads half of it.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, as it should
	defer f.Close()
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
