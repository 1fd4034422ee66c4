package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/leadmux/leadmux/internal/config"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
)

// backupCmd makes a backup of the index, of a running service through its admin port, else of the data folder itself.
type backupCmd struct {
	To        string `required:"" help:"File to write; replaced as a whole or not at all." placeholder:"FILE"`
	Keys      string `help:"Also copy the key file, to this file. Whoever has it and the secret key can read every backup made before, erased leads included: keep only the newest, apart from the backups." placeholder:"FILE"`
	DataDir   string `xor:"where" required:"" help:"Data folder." placeholder:"DIR"`
	Config    string `xor:"where" required:"" help:"Configuration with the data folder and the admin address in it." placeholder:"FILE"`
	AdminAddr string `help:"Admin address of the running service, where it is not the configured one." placeholder:"HOST:PORT"`
}

// Run writes the backup and says how large it is.
func (c *backupCmd) Run(t terminal) error {
	cfg := config.Sandbox(c.DataDir)
	if c.Config != "" {
		var err error
		if cfg, err = config.Load(c.Config, t.env); err != nil {
			return err
		}
	}
	if c.AdminAddr != "" {
		cfg.AdminAddr = c.AdminAddr
	}
	from := source{dir: cfg.DataDir, admin: cfg.AdminAddr}
	finish := func(raw, to string) error { return boltmap.WriteBackup(raw, to, time.Now()) }
	if err := from.backup(boltmap.IndexFile, c.To, finish); err != nil {
		return err
	}
	if err := report(t.out, c.To); err != nil || c.Keys == "" {
		return err
	}
	if err := from.backup(boltmap.KeysFile, c.Keys, boltmap.WriteKeys); err != nil {
		return err
	}
	const warning = "warning: with the secret key, this file opens every backup made before it, of erased leads too; keep only the newest, apart from them\n"
	return errors.Join(report(t.out, c.Keys), write(t.err, warning))
}

func report(w io.Writer, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return write(w, fmt.Sprintf("%s: %s\n", path, bytesText(info.Size())))
}

func write(w io.Writer, text string) error {
	_, err := io.WriteString(w, text)
	return err
}

// bytesText is a size for people.
func bytesText(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// source is where a backup comes from.
type source struct{ dir, admin string }

// backup copies a file of the data folder beside where it shall go, and has finish make the backup of the copy.
func (s source) backup(file, to string, finish func(raw, to string) error) (err error) {
	raw := to + ".raw"
	defer func() { err = errors.Join(err, os.RemoveAll(raw)) }()
	err = boltmap.CopyFile(s.dir, file, raw)
	if errors.Is(err, boltmap.ErrInUse) {
		err = s.fetch(file, raw)
	}
	if err != nil {
		return err
	}
	return finish(raw, to)
}

// fetch has the running service copy the file. It must be the service of this very data folder.
func (s source) fetch(file, raw string) (err error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+s.admin+backupPath+file, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("the data folder is in use, and its service does not answer at %s; give --admin-addr: %w", s.admin, err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the service at %s answered %s", s.admin, response.Status)
	}
	if dir := response.Header.Get(dataDirHeader); !sameFolder(dir, s.dir) {
		return fmt.Errorf("the service at %s has another data folder, %s; give the --admin-addr of the one that has %s", s.admin, dir, s.dir)
	}
	out, err := os.OpenFile(raw, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, response.Body)
	if err == nil && n != response.ContentLength {
		err = fmt.Errorf("the copy broke off after %d of %d bytes", n, response.ContentLength)
	}
	return errors.Join(err, out.Close())
}

func sameFolder(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// backupPath is where the admin port serves copies of the index's files, and dataDirHeader says of which data folder.
const (
	backupPath    = "/backup/"
	dataDirHeader = "Leadmux-Data-Dir"
)

// backups serves consistent copies of the index's files while the service goes on. A copy is made on the data folder's own disk
// first: a reader of the network may be slow, and one of the index holds up writers.
func backups(store *boltmap.Store, dir string, fail func(error)) http.Handler {
	mux := http.NewServeMux()
	for _, file := range []string{boltmap.IndexFile, boltmap.KeysFile} {
		mux.HandleFunc("GET "+backupPath+file, func(w http.ResponseWriter, r *http.Request) {
			copied, err := unnamedCopy(r.Context(), store, dir, file)
			if err != nil {
				fail(err)
				http.Error(w, "the file could not be copied; the log says why", http.StatusInternalServerError)
				return
			}
			defer func() { _ = copied.Close() }() // it has no name any more, so that nothing is left of it
			if absolute, err := filepath.Abs(dir); err == nil {
				w.Header().Set(dataDirHeader, absolute)
			}
			w.Header().Set("Content-Type", "application/octet-stream")
			http.ServeContent(w, r, "", time.Time{}, copied)
		})
	}
	return mux
}

// unnamedCopy copies a file of the index into one that ends with its last reader.
func unnamedCopy(ctx context.Context, store *boltmap.Store, dir, file string) (*os.File, error) {
	copied, err := os.CreateTemp(dir, "backup-*.part")
	if err != nil {
		return nil, err
	}
	err = store.Copy(ctx, file, copied.Name())
	if err = errors.Join(err, os.Remove(copied.Name())); err != nil {
		return nil, errors.Join(err, copied.Close())
	}
	return copied, nil
}
