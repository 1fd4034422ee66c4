package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/leadmux/leadmux/internal/config"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
	"github.com/leadmux/leadmux/internal/seal"
)

// TestVerifySaysWhetherTheIndexAgrees runs the command on a real index, whole and then with half a binding missing.
func TestVerifySaysWhetherTheIndexAgrees(t *testing.T) {
	dir := t.TempDir()
	cfg := config.Sandbox(dir)
	master, err := config.SecretKey(cfg)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := seal.NewSecret(master)
	if err != nil {
		t.Fatal(err)
	}
	store, err := boltmap.Open(boltmap.Config{Dir: dir, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	ref := idmap.VendorRef{Account: "verse", Kind: idmap.KindCall, VendorID: "v-1"}
	err = store.Update(context.Background(), func(tx idmap.Tx) error { return tx.Bind("default", ref, "call_1") })
	if err != nil {
		t.Fatal(err)
	}

	if code, out, errs := verify(t, dir); code != exitFailed || !strings.Contains(errs, "another process has the data directory open") || out != "" {
		t.Errorf("while it is open: %d %q %q", code, out, errs)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, errs := verify(t, dir)
	if code != exitDone || !strings.Contains(out, " 1 bindings,") || !strings.HasSuffix(out, "everything agrees\n") {
		t.Errorf("whole: %d %q %q", code, out, errs)
	}
	cutBinding(t, filepath.Join(dir, boltmap.IndexFile))
	code, out, errs = verify(t, dir)
	if code != exitFailed || strings.Contains(out, "everything agrees") || !strings.Contains(errs, "does not agree with itself") {
		t.Errorf("cut: %d %q %q", code, out, errs)
	}

	other := base64.StdEncoding.EncodeToString(append(master[1:], master[0]))
	if err := os.WriteFile(filepath.Join(dir, "secret.key"), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := verify(t, dir); code != exitFailed || strings.Count(errs, "\n") != 1 {
		t.Errorf("with another secret: %d %q", code, errs)
	}
}

func verify(t *testing.T, dir string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run([]string{"verify", "--data-dir", dir}, terminal{out: &o, err: &e})
	return code, o.String(), e.String()
}

// cutBinding deletes the first row that names the vendor's ID, so that one direction of the binding is left.
func cutBinding(t *testing.T, path string) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	cut := false
	err = db.Update(func(tx *bbolt.Tx) error {
		var walk func(b *bbolt.Bucket) error
		walk = func(b *bbolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				switch {
				case cut:
				case v == nil:
					return walk(b.Bucket(k))
				case bytes.Contains(k, []byte("v-1")):
					cut = true
					return b.Delete(k)
				}
				return nil
			})
		}
		return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error { return walk(b) })
	})
	if err != nil || !cut {
		t.Fatalf("%v, cut %v", err, cut)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
