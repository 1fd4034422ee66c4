package crash_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// webhook is Verse, which says that the lead has qualified, once it has the lead, and says it again until it is heard: the very
// same delivery after every start, because it does not know that it was.
func (c *caller) webhook(t *testing.T) error {
	t.Helper()
	if c.delivery == "" {
		var lead *leadmuxv1.Lead
		err := c.until(t, func() (ok bool, err error) {
			lead, err = c.get(t, c.leads[0])
			return harness.State(harness.At(lead, harness.Verse)) == "ACTIVE", err
		})
		if err != nil {
			return err
		}
		c.delivery = fmt.Sprintf(`{"event":"lead_qualify","title":"Qualified Lead","message":"We've qualified a new lead for you!",
			"id":%q,"externalLeadId":%q,"email":%q,"eventDate":%q}`,
			c.verseID(t, lead), lead.GetLeadId(), lead.GetEmail(), time.Now().UTC().Format(time.DateTime))
	}
	url := "http://" + c.server.HTTP + "/webhooks/" + harness.Verse + "/" + harness.HookToken
	answer, err := c.server.HTTPDo(context.Background(), http.MethodPost, url, []byte(c.delivery), "", "Authorization", "Bearer "+harness.HookBearer)
	switch {
	case err != nil || answer.Status == http.StatusServiceUnavailable:
		return errGone
	case answer.Status != http.StatusOK:
		return c.refuse("a webhook is answered %d %s", answer.Status, answer.Body)
	}
	return nil
}

// verseID is what Verse calls its conversation; ours may not know it yet.
func (c *caller) verseID(t *testing.T, lead *leadmuxv1.Lead) string {
	t.Helper()
	records := c.verse.Records(t, lead.GetEmail())
	if len(records) != 1 {
		t.Errorf("Verse has %+v", records)
		return ""
	}
	return records[0].ID
}
