package e2e_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/idmap/boltmap"
)

// command runs the binary with a command for the environment's configuration.
func command(t *testing.T, env *harness.Env, args ...string) string {
	t.Helper()
	out, err := env.Server.Command(t.Context(), append(args, env.Server.Args()...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

// TestP31RestoredBackupDoublesNothing makes a backup of a running service while leads wait, for a vendor that is down and in the
// middle of an attempt, lets everything be done, and puts the backup back beside vendors that know more: no vendor creates anybody
// twice, and what cannot be told is visible.
func TestP31RestoredBackupDoublesNothing(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{LogLevel: "info"})
	client := env.Server.Client(harness.GRPC)
	for _, vendor := range allFour {
		env.Vendors.Get(vendor).Down()
	}
	var leads []*leadmuxv1.Lead
	for n := range 5 {
		leads = append(leads, client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(n), Wait: harness.Wait(0)}))
	}
	done := client.Create(t, &leadmuxv1.CreateLeadRequest{Lead: harness.Person(9), Wait: harness.Wait(0)})
	backup := filepath.Join(t.TempDir(), "backup.db")
	if out := command(t, env, "backup", "--to", backup); !strings.Contains(out, "MiB") {
		t.Errorf("it says %q", out)
	}
	up := func() {
		for _, vendor := range allFour {
			env.Vendors.Get(vendor).Up(t)
			client.Test(t, vendor)
		}
	}
	up()
	for _, lead := range append(leads, done) {
		client.Reaches(t, lead.GetLeadId(), harness.AllActive, settled)
	}
	client.Must(t, "LeadService.EraseLead", &leadmuxv1.EraseLeadRequest{LeadId: done.GetLeadId()}, &leadmuxv1.EraseLeadResponse{})
	env.Server.Terminate(t)
	content, err := os.ReadFile(backup)
	if err == nil {
		err = os.WriteFile(filepath.Join(env.Server.DataDir, boltmap.IndexFile), content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	env.Server.Start(t)
	for _, vendor := range allFour {
		client.Test(t, vendor)
	}
	for n, lead := range leads {
		after := harness.Eventually(t, settled, "everything is settled or in doubt", func() (string, bool) {
			states := harness.States(client.Get(t, lead.GetLeadId()))
			return states, !strings.Contains(states, "QUEUED") && !strings.Contains(states, "SENDING")
		})
		if !strings.Contains(after, "conversica=ACTIVE, convertalk=ACTIVE, ujet=ACTIVE") {
			t.Errorf("lead %d: %s", n, after)
		}
		if !strings.Contains(after, "verse=IN_DOUBT DUPLICATE_AT_VENDOR") && !strings.Contains(after, "verse=ACTIVE") {
			t.Errorf("lead %d: %s", n, after)
		}
		for _, vendor := range allFour {
			if n := len(env.Vendors.Get(vendor).Records(t, lead.GetEmail())); n != 1 {
				t.Errorf("%s has %s %d times", vendor, lead.GetLeadId(), n)
			}
		}
		if n := env.Vendors.Get(harness.Verse).Created(t, lead.GetEmail()); n != 1 {
			t.Errorf("verse created %s %d times", lead.GetLeadId(), n)
		}
	}
	if answer := client.Try(t, "LeadService.GetLead", &leadmuxv1.GetLeadRequest{LeadId: done.GetLeadId()}); answer.Reason() != "LEAD_ERASED" {
		t.Errorf("the erased lead: %s", answer.Body)
	}
	if output := env.Server.Output(); !strings.Contains(output, "the index was put back from a backup") {
		t.Error("the log does not say that it was put back")
	}
	env.Server.Terminate(t)
	if out := command(t, env, "verify"); !strings.Contains(out, "everything agrees") {
		t.Errorf("verify: %s", out)
	}
}

// TestBackupWhileWriting makes backups, of the keys too, while leads come in; each agrees with itself. Then it compacts.
func TestBackupWhileWriting(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{LogLevel: "warn"})
	client := env.Server.Client(harness.GRPC)
	env.Vendors.Get(harness.Verse).Down()
	ctx, stop := context.WithCancel(t.Context())
	written := make(chan int, 1)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ {
			client.Try(t, "LeadService.CreateLead", &leadmuxv1.CreateLeadRequest{
				Lead: &leadmuxv1.Lead{Email: fmt.Sprintf("busy%d@example.com", n)}, Accounts: []string{harness.Verse}, Wait: harness.Wait(0),
			})
		}
		written <- n
	}()
	for range 3 {
		dir := t.TempDir()
		out := command(t, env, "backup", "--to", filepath.Join(dir, boltmap.IndexFile), "--keys", filepath.Join(dir, boltmap.KeysFile))
		if !strings.Contains(out, "warning: ") {
			t.Errorf("no warning about the keys: %q", out)
		}
		copySecret(t, env.Server.DataDir, dir)
		out2, err := env.Server.Command(t.Context(), "verify", "--data-dir", dir).CombinedOutput()
		if err != nil || !strings.Contains(string(out2), "everything agrees") {
			t.Errorf("%v: %s", err, out2)
		}
		onlyFiles(t, dir)
	}
	stop()
	if n := <-written; n < 10 {
		t.Errorf("only %d leads came in meanwhile", n)
	}
	onlyFiles(t, env.Server.DataDir)
	env.Server.Terminate(t)
	if out := command(t, env, "compact"); !strings.Contains(out, "index.db: ") || !strings.Contains(out, "keys.db: ") {
		t.Errorf("compact: %s", out)
	}
	if out := command(t, env, "backup", "--to", filepath.Join(t.TempDir(), "stopped.db")); !strings.Contains(out, "stopped.db: ") {
		t.Errorf("a backup of a stopped service: %s", out)
	}
	if out := command(t, env, "verify"); !strings.Contains(out, "everything agrees") {
		t.Errorf("verify: %s", out)
	}
}

func copySecret(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(from, "secret.key"))
	if err == nil {
		err = os.WriteFile(filepath.Join(to, "secret.key"), content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// onlyFiles wants nothing half-done in a folder.
func onlyFiles(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".part") || strings.HasSuffix(path, ".raw") {
			t.Errorf("%s was left behind", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
