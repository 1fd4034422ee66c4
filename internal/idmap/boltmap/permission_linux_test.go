package boltmap

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// nobody is a user who owns nothing.
const nobody = 65534

// TestNoPermission opens as another user: for root, who may run the tests, no file is out of reach.
func TestNoPermission(t *testing.T) {
	parent := t.TempDir()
	if err := os.Chmod(filepath.Dir(parent), 0o755); err != nil {
		t.Fatal(err)
	}
	cfg := Config{Dir: filepath.Join(parent, "data"), Secret: newSecret(t, 1)}
	filled(t, cfg)
	for path, mode := range map[string]os.FileMode{parent: 0o555, cfg.Dir: 0o555, filepath.Join(cfg.Dir, IndexFile): 0o400} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with the goroutine, and with it the other user
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(nobody); err != nil {
				t.Error(err)
				return
			}
		}
		for dir, words := range map[string]string{
			filepath.Join(parent, "new"): "no permission to read and write " + filepath.Join(parent, "new"),
			cfg.Dir:                      "no permission to read and write " + filepath.Join(cfg.Dir, IndexFile),
		} {
			if s, err := Open(Config{Dir: dir, Secret: cfg.Secret}); err == nil {
				t.Errorf("%s opened: %v", dir, s.Close())
			} else if want := words + ": permission denied"; err.Error() != want {
				t.Errorf("got %q, want %q", err, want)
			}
		}
	}()
	<-done
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
}
