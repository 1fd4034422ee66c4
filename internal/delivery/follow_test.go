package delivery_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// worker is a vendor with one import of agents, job 7.
type worker struct {
	*vendor
	mu     sync.Mutex
	status string
	err    error
	looks  []time.Time
	before func() // runs before a look is answered
}

func (w *worker) Forwards(rpc string) bool {
	return slices.Contains([]string{"StartAgentImport", "GetAgentImport", "ListCampaignContacts"}, rpc)
}

func (w *worker) Forward(_ context.Context, rpc string, _, response proto.Message) (adapters.Forwarded, error) {
	if rpc == "GetAgentImport" && w.before != nil {
		w.before()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	shown := &leadmuxv1.AgentImport{JobId: "7", Status: w.status, State: jobStates[w.status], TotalRows: 3}
	switch r := response.(type) {
	case *leadmuxv1.StartAgentImportResponse:
		r.AgentImport = shown
	case *leadmuxv1.GetAgentImportResponse:
		w.looks = append(w.looks, time.Now())
		if w.err != nil {
			return adapters.Forwarded{}, w.err
		}
		r.AgentImport = shown
	}
	return adapters.Forwarded{HTTPStatus: 200}, nil
}

var jobStates = map[string]leadmuxv1.JobState{
	"valid_scheme": leadmuxv1.JobState_JOB_STATE_VALID_SCHEME, "in_progress": leadmuxv1.JobState_JOB_STATE_IN_PROGRESS,
	"finished": leadmuxv1.JobState_JOB_STATE_FINISHED,
}

func (w *worker) become(status string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status, w.err = status, err
}

// following is a rig of account desk, whose job 7 was started and is followed.
func following(t *testing.T) (*rig, *worker, *adapters.Account) {
	t.Helper()
	w := &worker{vendor: &vendor{}, status: "valid_scheme"}
	account := at("desk", w.vendor)
	account.Adapter = w
	r := idleRig(t, usual, account)
	r.follow = map[string]time.Duration{"desk": 10 * time.Second}
	r.start()
	r.startJob(account)
	return r, w, account
}

// startJob starts job 7, whatever it was before.
func (r *rig) startJob(account *adapters.Account) {
	r.t.Helper()
	method := adapters.MethodOf("StartAgentImport")
	err := r.d.Direct(context.Background(), delivery.Direct{
		Tenant: tenant, Account: account, Method: method, Class: adapters.ClassOf(method),
		Request: &leadmuxv1.StartAgentImportRequest{Account: "desk", JobId: "7"}, Response: &leadmuxv1.StartAgentImportResponse{},
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// follows polls the account for so long, as the poller does.
func (r *rig) follows(account *adapters.Account, within time.Duration) {
	r.t.Helper()
	f, ok := r.d.Following(account)
	if !ok {
		r.t.Fatal("nothing is followed")
	}
	for end := time.Now().Add(within); ; {
		next, err := f.Poll(context.Background())
		if err != nil {
			r.t.Fatal(err)
		}
		if next == 0 || !time.Now().Add(next).Before(end) {
			return
		}
		<-time.After(next)
	}
}

// told are the states that the log has of jobs.
func (r *rig) told() []string {
	r.t.Helper()
	var all []string
	err := r.index.View(context.Background(), func(index idmap.Reader) error {
		events, err := index.Events(tenant, "", 1000)
		for _, e := range events {
			if j := e.GetJobChanged(); j != nil {
				text := strings.TrimPrefix(j.GetAfter().String(), "JOB_STATE_")
				if j.GetGivenUp() {
					text += " given up"
				}
				all = append(all, text)
			}
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func (r *rig) wantTold(w *worker, looks int, want ...string) {
	r.t.Helper()
	if got := r.told(); !slices.Equal(got, want) {
		r.t.Errorf("the log tells %q, want %q", got, want)
	}
	if len(w.looks) != looks {
		r.t.Errorf("%d looks, want %d", len(w.looks), looks)
	}
}

func TestAJobIsLookedAtMoreSeldomWhileNothingChanges(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r, w, account := following(t)
		r.follows(account, 11*time.Minute)
		r.wantTold(w, 6) // after 10 s, then 20, 40, 80, 160, 300
		w.become("in_progress", nil)
		r.follows(account, time.Second) // a new following begins at once, as after a restart
		w.become("finished", nil)
		r.follows(account, time.Minute)
		r.wantTold(w, 8, "IN_PROGRESS", "FINISHED")
		r.follows(account, time.Hour)
		r.wantTold(w, 8, "IN_PROGRESS", "FINISHED")
	})
}

func TestAJobIsGivenUpAfterADay(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r, w, account := following(t)
		r.follows(account, 25*time.Hour)
		looks := len(w.looks)
		if looks < 280 || looks > 300 {
			t.Errorf("%d looks within a day", looks)
		}
		r.follows(account, time.Hour)
		r.wantTold(w, looks, "VALID_SCHEME given up")
	})
}

func TestAJobThatTheVendorDoesNotFindIsGivenUp(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r, w, account := following(t)
		w.become("", &adapters.Error{Kind: adapters.KindNotFound})
		r.follows(account, 24*time.Hour)
		r.wantTold(w, 5, "VALID_SCHEME given up")
	})
}

func TestAFollowedJobOutlastsACrash(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r, w, account := following(t)
		r.crash()
		r.start()
		w.become("finished", nil)
		r.follows(account, time.Minute)
		r.wantTold(w, 1, "FINISHED")
	})
}

func TestALookFromBeforeAStartDoesNotEndIt(t *testing.T) {
	inTime(t, func(t *testing.T) {
		r, w, account := following(t)
		w.become("finished", nil)
		w.before = func() {
			w.before = nil
			w.become("valid_scheme", nil)
			r.startJob(account)
			w.become("finished", nil)
		}
		f, _ := r.d.Following(account)
		<-time.After(10 * time.Second)
		if _, err := f.Poll(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := r.told(); len(got) != 0 {
			t.Errorf("the look told %q", got)
		}
	})
}

// TestP9WhoWaitsGoesBeforeWhatIsSpare lets somebody ask without end for slots that nobody else wants, at one request a second: a call never
// waits for more than the slot that is gone when it comes, and there is a free one between any two.
func TestP9WhoWaitsGoesBeforeWhatIsSpare(t *testing.T) {
	inTime(t, func(t *testing.T) {
		w := &worker{vendor: &vendor{}}
		account := limited("desk", w.vendor, 1)
		account.Adapter = w
		r := newRig(t, account)
		ctx, cancel := context.WithCancel(context.Background())
		spare := 0
		var group sync.WaitGroup
		group.Go(func() {
			for r.d.Spare(ctx, account) == nil {
				spare++
			}
		})
		for i := range 20 {
			<-time.After(10*time.Second + time.Duration(i)*97*time.Millisecond)
			begin := time.Now()
			method := adapters.MethodOf("GetAgentImport")
			err := r.d.Direct(context.Background(), delivery.Direct{
				Tenant: tenant, Account: account, Method: method, Class: adapters.ClassOf(method),
				Request: &leadmuxv1.GetAgentImportRequest{Account: "desk", JobId: "7"}, Response: &leadmuxv1.GetAgentImportResponse{},
			})
			if took := time.Since(begin); err != nil || took > 1100*time.Millisecond {
				t.Errorf("call %d took %s: %v", i, took, err)
			}
		}
		cancel()
		group.Wait()
		if spare < 80 || spare > 115 {
			t.Errorf("%d spare slots within 220 s", spare)
		}
	})
}
