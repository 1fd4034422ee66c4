package server

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/status"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// watchOverREST opens a watch; lines reads so many lines of it.
func (f *fixture) watchOverREST(t *testing.T, path string, header http.Header) (res *http.Response, lines func(n int) []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+f.HTTPAddr()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header.Clone()
	req.Header.Set("Authorization", goodKey)
	if res, err = f.http.Do(req); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	in := bufio.NewReader(res.Body)
	return res, func(n int) (got []string) {
		t.Helper()
		for range n {
			line, err := in.ReadString('\n')
			if err != nil {
				t.Fatalf("after %q: %v", got, err)
			}
			got = append(got, strings.TrimSuffix(line, "\n"))
		}
		return got
	}
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	for i := range want {
		plain := strings.NewReplacer(": ", ":", ", ", ",") // protojson varies its blanks
		if plain.Replace(got[i]) != plain.Replace(want[i]) {
			t.Errorf("line %d is %q, want %q", i, got[i], want[i])
		}
	}
}

func TestWatchIsLinesOfJSON(t *testing.T) {
	f := start(t)
	res, lines := f.watchOverREST(t, "/v1/events:watch?after=a", http.Header{})
	if got := res.Header.Get("Content-Type"); got != "application/json" || res.StatusCode != 200 {
		t.Errorf("%d %s", res.StatusCode, got)
	}
	wantLines(t, lines(2),
		`{"result":{"event":{"eventId":"a", "type":"lead.created", "cursor":"c1"}, "cursor":"c1"}}`,
		`{"result":{"cursor":"c2"}}`)
	f.stop()
	if last := lines(1)[0]; !strings.Contains(last, `"error":`) || !strings.Contains(last, "SHUTTING_DOWN") || !strings.Contains(last, "c3") {
		t.Errorf("it ends with %s", last)
	}
}

func TestWatchAsServerSentEvents(t *testing.T) {
	f := start(t)
	res, lines := f.watchOverREST(t, "/v1/events:watch?after=a&fromNow=true",
		http.Header{"Accept": {"text/html, text/event-stream;q=0.9"}, "Last-Event-Id": {"b"}})
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" || res.StatusCode != 200 {
		t.Errorf("%d %s", res.StatusCode, got)
	}
	wantLines(t, lines(6),
		"id: c1", `data: {"event":{"eventId":"b", "type":"lead.created", "cursor":"c1"}, "cursor":"c1"}`, "",
		": heartbeat", "id: c2", "")
	f.stop()
	last := lines(3)
	if last[0] != "event: error" || !strings.Contains(last[1], "SHUTTING_DOWN") || !strings.Contains(last[1], "c3") || last[2] != "" {
		t.Errorf("it ends with %q", last)
	}
}

// What happens is shown when it happens, not when something more does.
func TestAWatchShowsItsFirstEventAtOnce(t *testing.T) {
	f := start(t)
	for media, first := range map[string]string{
		"application/json":  `{"result":{"event":{"eventId":"quiet", "type":"lead.created", "cursor":"c1"}, "cursor":"c1"}}`,
		"text/event-stream": "id: c1",
	} {
		_, lines := f.watchOverREST(t, "/v1/events:watch?after=quiet", http.Header{"Accept": {media}})
		wantLines(t, lines(1), first)
	}
}

// A refusal has its own status; every other method answers in JSON.
func TestServerSentEventsAreForTheWatchAlone(t *testing.T) {
	f := start(t)
	for path, want := range map[string]struct {
		status       int
		media, begin string
	}{
		"/v1/events:watch?after=gone":   {400, "application/json", `{"code":11`},
		"/v1/events:watch?afterwards=x": {400, "application/json", "{"},
		"/v1/leads/" + leadID:           {200, "application/json", "{"},
	} {
		res, _ := f.watchOverREST(t, path, http.Header{"Accept": {"text/event-stream"}})
		body, err := io.ReadAll(res.Body)
		if res.StatusCode != want.status || res.Header.Get("Content-Type") != want.media || err != nil || !strings.HasPrefix(string(body), want.begin) {
			t.Errorf("%s: %d %s %s", path, res.StatusCode, res.Header.Get("Content-Type"), body)
		}
	}
}

// A drain ends a watch with the handler's own word of where to go on; a caller that goes is not told that the service stops.
func TestDrainEndsAWatchWithItsCursor(t *testing.T) {
	f := start(t)
	stream, err := leadmuxv1.NewEventServiceClient(f.conn).WatchEvents(withKey(), &leadmuxv1.WatchEventsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(withKey())
	gone, err := leadmuxv1.NewEventServiceClient(f.conn).WatchEvents(ctx, &leadmuxv1.WatchEventsRequest{})
	if err == nil {
		_, err = gone.Recv()
	}
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	eventually(t, "the end of the watch in the log", func() bool { return strings.Contains(f.log.String(), `"code":"Canceled"`) })
	f.stop()
	_, err = stream.Recv()
	st := status.Convert(err)
	if a := fromStatus(st); a.code != "Unavailable" || a.reason != "SHUTTING_DOWN" || !strings.Contains(st.Proto().String(), "c3") {
		t.Errorf("it ended with %v", st)
	}
}
