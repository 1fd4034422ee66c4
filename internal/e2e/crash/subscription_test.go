package crash_test

import (
	"fmt"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// subscribe makes a subscription before anything happens, of a start that nothing ends.
func (l *life) subscribe(t *testing.T) {
	t.Helper()
	l.env.Server.Start(t)
	l.receiver.Subscribe(t, l.env.Server.Client(harness.GRPC), &leadmuxv1.CreateSubscriptionRequest{FromStart: true})
	l.env.Server.Kill9(t)
}

// judgeDelivered waits until the receiver has every event there is. What it was sent twice, because its answer was not stored, has the
// same ID.
func (l *life) judgeDelivered(t *testing.T, client harness.Client) {
	t.Helper()
	harness.Eventually(t, settled, "every event is delivered", func() (string, bool) {
		taken, n := l.receiver.Taken(), 0
		in := &leadmuxv1.ListEventsRequest{PageSize: 1000}
		for more := true; more; more = in.GetPageToken() != "" {
			var page leadmuxv1.ListEventsResponse
			client.Must(t, "EventService.ListEvents", in, &page)
			for _, event := range page.GetEvents() {
				n++
				if taken[event.GetEventId()] == nil {
					return fmt.Sprintf("%d are taken; %s %s is not", len(taken), event.GetType(), event.GetEventId()), false
				}
			}
			in.PageToken = page.GetNextPageToken()
		}
		return "", n == len(taken)
	})
}
