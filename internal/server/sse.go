package server

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

const eventStream = "text/event-stream"

// sse turns a request for server-sent events into one for the watch: only that RPC has them, every other answer is JSON
// whatever the request accepts. A browser that reconnects sends the ID of the last event it got, and the address as it was: the
// ID says from where to go on.
func (g *gateway) sse(r *http.Request) {
	wanted := accepts(r.Header.Values("Accept"), eventStream)
	r.Header.Del("Accept")
	last := r.Header.Get("Last-Event-Id")
	r.Header.Del("Last-Event-Id")
	if !wanted || g.routes.label(r.Method, r.URL.EscapedPath()) != leadmuxv1.EventService_WatchEvents_FullMethodName {
		return
	}
	r.Header.Set("Accept", eventStream)
	if last != "" {
		address := *r.URL
		query := address.Query()
		query.Set("after", last)
		query.Del("fromNow")
		address.RawQuery = query.Encode()
		r.URL = &address
	}
}

// accepts says whether a media type stands among those accepted.
func accepts(values []string, mediaType string) bool {
	for _, one := range strings.Split(strings.Join(values, ","), ",") {
		if name, _, err := mime.ParseMediaType(one); err == nil && name == mediaType {
			return true
		}
	}
	return false
}

// eventStreamMarshaler writes the messages of a watch as server-sent events: the cursor is the event's ID. A heartbeat is a
// comment; its ID moves the place to reconnect from, and no event comes of it.
type eventStreamMarshaler struct{ runtime.JSONPb }

// Delimiter ends an event.
func (eventStreamMarshaler) Delimiter() []byte { return []byte("\n") }

// ContentType is that of the stream.
func (eventStreamMarshaler) ContentType(any) string { return eventStream }

// Marshal writes what the gateway wraps each message of a stream into.
func (m eventStreamMarshaler) Marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	switch chunk := v.(type) {
	case map[string]any:
		message, ok := chunk["result"].(*leadmuxv1.WatchEventsResponse)
		if !ok {
			return nil, fmt.Errorf("no message of a watch but %T", chunk["result"])
		}
		if message.GetEvent() == nil {
			fmt.Fprintf(&out, ": heartbeat\nid: %s\n", message.GetCursor())
			return out.Bytes(), nil
		}
		return m.line(&out, "id: "+message.GetCursor()+"\n", message)
	case map[string]proto.Message:
		return m.line(&out, "event: error\n", chunk["error"])
	default:
		return m.JSONPb.Marshal(v)
	}
}

// line writes a field of an event with a message as its data.
func (m eventStreamMarshaler) line(out *bytes.Buffer, head string, message proto.Message) ([]byte, error) {
	data, err := m.JSONPb.Marshal(message)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "%sdata: %s\n", head, data)
	return out.Bytes(), nil
}
