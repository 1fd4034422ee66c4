package idmaptest

import (
	"errors"
	"fmt"
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

var pollTests = []contractTest{
	{"a mark is that of its list alone, goes with its transaction, and outlasts a restart", func(f *fixture) {
		f.wantMark(west, "leads", nil)
		for _, mark := range []idmap.Mark{{News: at(1), ReadTime: at(2)}, {News: at(3)}, {}} {
			f.update(func(tx idmap.Tx) error { return tx.PutPollMark(acme, west, "leads", mark) })
			f.refused(errPolls, func(tx idmap.Tx) error {
				return errors.Join(tx.PutPollMark(acme, west, "leads", idmap.Mark{News: at(60)}), errPolls)
			})
			f.reopen()
			f.wantMark(west, "leads", &mark)
			f.wantMark(west, "lead", nil)
			f.wantMark("wes", "leads", nil)
		}
		f.wantFollowed(west)
	}},
	{"what is followed is listed by its account until it is followed no more, over a restart", func(f *fixture) {
		first := idmap.Followed{Account: west, Method: "GetAgentImport", ID: "7", StartedBy: "StartAgentImport", OperationID: "op_1", Since: at(1)}
		second := idmap.Followed{Account: west, Method: "GetCampaignImport", CampaignID: "1", ID: "7", Since: at(2)}
		other := idmap.Followed{Account: "wes", Method: "GetAgentImport", ID: "7"}
		f.update(func(tx idmap.Tx) error {
			return errors.Join(tx.PutFollowed(acme, second), tx.PutFollowed(acme, first), tx.PutFollowed(acme, other))
		})
		f.wantFollowed(west, first, second)
		first.State, first.Status = leadmuxv1.JobState_JOB_STATE_IN_PROGRESS, "in_progress"
		f.update(func(tx idmap.Tx) error { return tx.PutFollowed(acme, first) })
		f.reopen()
		f.wantFollowed(west, first, second)
		f.wantFollowed("wes", other)
		for range 2 {
			f.update(func(tx idmap.Tx) error { return tx.DeleteFollowed(acme, first) })
		}
		f.reopen()
		f.wantFollowed(west, second)
	}},
}

var errPolls = errors.New("undone")

// wantMark wants a list of an account to have been read so far; nil: never.
func (f *fixture) wantMark(account, list string, want *idmap.Mark) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.PollMark(acme, account, list)
		switch {
		case want == nil && errors.Is(err, idmap.ErrNotFound):
			return nil
		case err != nil || want == nil:
			return fmt.Errorf("mark: got %v, %w; want %v", got, err, want)
		case !got.News.Equal(want.News) || !got.ReadTime.Equal(want.ReadTime):
			return fmt.Errorf("mark: got %v, want %v", got, *want)
		}
		return nil
	})
}

// wantFollowed wants exactly this to be followed at an account.
func (f *fixture) wantFollowed(account string, want ...idmap.Followed) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.ListFollowed(acme, account)
		same := slices.EqualFunc(got, want, func(a, b idmap.Followed) bool {
			since := a.Since.Equal(b.Since)
			a.Since = b.Since
			return since && a == b
		})
		if err == nil && !same {
			err = fmt.Errorf("followed: got %v, want %v", got, want)
		}
		return err
	})
}
