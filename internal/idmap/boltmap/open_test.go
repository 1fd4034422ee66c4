package boltmap

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/seal"
)

func TestFilesAreForTheOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "index")
	openStore(t, Config{Dir: dir, Secret: newSecret(t, 1)})
	for path, want := range map[string]fs.FileMode{
		dir: fs.ModeDir | 0o700, filepath.Join(dir, IndexFile): 0o600, filepath.Join(dir, KeysFile): 0o600,
	} {
		info, err := os.Stat(path)
		if err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
}

// filled makes a data directory with one lead and returns the lead's ID.
func filled(t *testing.T, cfg Config) string {
	t.Helper()
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	lead := canaryLead()
	if err := errors.Join(s.Update(context.Background(), func(tx idmap.Tx) error { return tx.PutLead("acme", lead) }), s.Close()); err != nil {
		t.Fatal(err)
	}
	return lead.GetLeadId()
}

// wantRefusal wants Open to fail with one line that holds the given words, and to let go of the files.
func wantRefusal(t *testing.T, cfg Config, words string) error {
	t.Helper()
	s, err := Open(cfg)
	if err == nil {
		_ = s.Close()
		t.Fatalf("it opened; want a refusal with %q", words)
	}
	if text := err.Error(); !strings.Contains(text, words) || strings.Contains(text, "\n") {
		t.Fatalf("got %q, want one line with %q", text, words)
	}
	return err
}

func TestSecondProcessIsRefused(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	first := openStore(t, cfg)
	if err := wantRefusal(t, cfg, "another process has the data directory open"); !errors.Is(err, ErrInUse) {
		t.Errorf("%v is no ErrInUse", err)
	}
	if _, err := VerifyDir(context.Background(), cfg); !errors.Is(err, ErrInUse) {
		t.Errorf("VerifyDir: %v is no ErrInUse", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	openStore(t, cfg)
}

func TestWrongSecretIsRefused(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	filled(t, cfg)
	wrong := cfg
	wrong.Secret = newSecret(t, 2)
	if err := wantRefusal(t, wrong, "the secret key is not the one that the data directory was made with"); !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("%v is no seal.ErrWrongKey", err)
	}
	openStore(t, cfg)
}

func TestNeedsDirAndSecret(t *testing.T) {
	wantRefusal(t, Config{Secret: newSecret(t, 1)}, "needs a data directory and a secret key")
	wantRefusal(t, Config{Dir: t.TempDir()}, "needs a data directory and a secret key")
}

func TestBadFilesAreRefused(t *testing.T) {
	for _, test := range []struct {
		name  string
		harm  func(t *testing.T, dir string)
		words string
	}{
		{"text as index", writes(IndexFile, strings.Repeat("no database\n", 2000)), "index.db is no file of this program, or it is damaged"},
		{"text as key file", writes(KeysFile, strings.Repeat("no database\n", 2000)), "keys.db is no file of this program, or it is damaged"},
		{"cut off after its first page", cuts(IndexFile, 4096), "damaged"},
		{"cut off key file", cuts(KeysFile, 3*4096), "damaged"},
		{"bbolt file of another program", func(t *testing.T, dir string) {
			t.Helper()
			writes(IndexFile, "")(t, dir)
			tamper(t, filepath.Join(dir, IndexFile), func(btx *bbolt.Tx) error { _, err := btx.CreateBucket([]byte("theirs")); return err })
		}, "index.db is a file of another program"},
		{"files swapped", func(t *testing.T, dir string) {
			t.Helper()
			rename(t, dir, IndexFile, "x")
			rename(t, dir, KeysFile, IndexFile)
			rename(t, dir, "x", KeysFile)
		}, "index.db is not the index of this program"},
		{"newer format", func(t *testing.T, dir string) {
			t.Helper()
			tamper(t, filepath.Join(dir, IndexFile), func(btx *bbolt.Tx) error {
				return btx.Bucket(metaBucket).Put(formatKey, binary.BigEndian.AppendUint32(nil, format+1))
			})
		}, "has format 3, this version of the program reads format 2; start the version that wrote it"},
		{"key file lost", removes(KeysFile), "keys.db is missing; put it back from its backup"},
		{"key file emptied", writes(KeysFile, ""), "keys.db is empty; put it back from its backup"},
		{"key file of another directory", func(t *testing.T, dir string) {
			t.Helper()
			other := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
			filled(t, other)
			if err := os.Rename(filepath.Join(other.Dir, KeysFile), filepath.Join(dir, KeysFile)); err != nil {
				t.Fatal(err)
			}
		}, "belong to different data directories"},
		{"directory in the place of a file", func(t *testing.T, dir string) {
			t.Helper()
			remove(t, dir, IndexFile)
			if err := os.Mkdir(filepath.Join(dir, IndexFile), 0o700); err != nil {
				t.Fatal(err)
			}
		}, "cannot open"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
			filled(t, cfg)
			test.harm(t, cfg.Dir)
			wantRefusal(t, cfg, test.words)
			if _, err := VerifyDir(context.Background(), cfg); err == nil {
				t.Error("VerifyDir takes it")
			}
		})
	}
}

func TestDirectoryThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, Config{Dir: filepath.Join(file, "data"), Secret: newSecret(t, 1)}, "cannot open")
}

func TestOpenErrorIsASentence(t *testing.T) {
	for err, want := range map[error]string{
		&fs.PathError{Op: "open", Path: "/data", Err: syscall.EACCES}: "no permission to read and write /data: permission denied",
		&fs.PathError{Op: "open", Path: "/data", Err: syscall.EROFS}:  "/data is on a read-only file system: read-only file system",
		&fs.PathError{Op: "open", Path: "/data", Err: syscall.ENOENT}: "/data is missing: no such file or directory",
		&fs.PathError{Op: "open", Path: "/data", Err: syscall.EIO}:    "cannot open /data: input/output error",
	} {
		if got := openError("/data", err).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestStartThatWasCutOff makes the states that a first start leaves behind when it ends early.
func TestStartThatWasCutOff(t *testing.T) {
	t.Run("empty files", func(t *testing.T) {
		cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
		writes(IndexFile, "")(t, cfg.Dir)
		writes(KeysFile, "")(t, cfg.Dir)
		openStore(t, cfg)
	})
	t.Run("no header in the index", func(t *testing.T) {
		cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
		filled(t, cfg)
		remove(t, cfg.Dir, IndexFile)
		openStore(t, cfg)
	})
}

func writes(name, text string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func cuts(name string, size int64) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
			t.Fatal(err)
		}
	}
}

func removes(name string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		remove(t, dir, name)
	}
}

func rename(t *testing.T, dir, from, to string) {
	t.Helper()
	if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// tamper changes a file behind the store's back.
func tamper(t *testing.T, path string, fn func(btx *bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(fn), db.Close()); err != nil {
		t.Fatal(err)
	}
}
