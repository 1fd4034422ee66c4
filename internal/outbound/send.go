package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/leadmux/leadmux/internal/retryafter"
)

// maxID is the longest ID of a message.
const maxID = 128

// Message is what an endpoint gets.
type Message struct {
	// ID stands in webhook-id, the same in every attempt: what the endpoint knows a repetition by. ASCII letters, digits, _ and -.
	ID string
	// URL of the endpoint; CheckURL must have found it good.
	URL string
	// Body is a JSON document, sent as it is.
	Body []byte
	// Keys sign it, each with a signature of its own, so that an endpoint may go from one to the next.
	Keys []Key
}

// Outcome is what became of an attempt.
type Outcome struct {
	// Status is the HTTP status of the answer; 0 when none came.
	Status int
	// Err is nil exactly when the message was delivered; else a sentence for the endpoint's owner. It is ErrForbidden where nothing was sent
	// because of the address.
	Err error
	// RetryAfter is how long the endpoint asked to be left alone, at most 24 h; 0 when it did not.
	RetryAfter time.Duration
	// Duration of the attempt.
	Duration time.Duration
}

// Delivered says whether the endpoint took the message: any status 2xx.
func (o Outcome) Delivered() bool { return o.Status >= 200 && o.Status <= 299 }

// Gone says whether the endpoint wants no message any more: 410.
func (o Outcome) Gone() bool { return o.Status == http.StatusGone }

// Throttled says whether the endpoint, or what stands in front of it, has too much to do: 429, 502 or 504.
func (o Outcome) Throttled() bool {
	return o.Status == http.StatusTooManyRequests || o.Status == http.StatusBadGateway || o.Status == http.StatusGatewayTimeout
}

// Send makes one attempt, within 15 s: one POST, no redirect followed, at most 4 KiB of the answer read and thrown away.
func (s *Sender) Send(ctx context.Context, m Message) Outcome {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	o := s.attempt(ctx, m, start)
	o.Duration = time.Since(start)
	return o
}

func (s *Sender) attempt(ctx context.Context, m Message, now time.Time) Outcome {
	req, err := s.request(ctx, m, now)
	if err != nil {
		return Outcome{Err: err}
	}
	res, err := s.http.Do(req)
	if err != nil {
		return Outcome{Err: failure(err)}
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswer) // so that the connection can be used again; the status said it all
	o := Outcome{Status: res.StatusCode, RetryAfter: retryafter.Read(res.Header, time.Now(), maxRetryAfter)}
	switch {
	case o.Delivered():
	case res.StatusCode >= 300 && res.StatusCode <= 399:
		o.Err = fmt.Errorf("the endpoint answered HTTP %d; redirects are not followed: give the URL that it leads to", res.StatusCode)
	default:
		o.Err = fmt.Errorf("the endpoint answered HTTP %d", res.StatusCode)
	}
	return o
}

// request is the message as it goes out at a moment.
func (s *Sender) request(ctx context.Context, m Message, now time.Time) (*http.Request, error) {
	u, err := s.parse(m.URL)
	if err != nil {
		return nil, err
	}
	signature, err := signatures(m, now)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(m.Body))
	if err != nil {
		return nil, errForm
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "leadmux")
	req.Header.Set("Webhook-Id", m.ID)
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("Webhook-Signature", signature)
	return req, nil
}

// signatures is webhook-signature. A dot in the ID would let one text be signed for another ID, time or body.
func signatures(m Message, now time.Time) (string, error) {
	if m.ID == "" || len(m.ID) > maxID || strings.Trim(m.ID, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
		return "", fmt.Errorf("a message's ID must have 1 to %d ASCII letters, digits, _ or -", maxID)
	}
	if len(m.Keys) == 0 {
		return "", errors.New("a message needs a key to sign it")
	}
	signed := fmt.Appendf(nil, "%s.%d.%s", m.ID, now.Unix(), m.Body)
	var all []string
	for _, k := range m.Keys {
		if !k.Valid() {
			return "", errors.New("a message needs keys that ParseKey or a New function made")
		}
		all = append(all, k.sign(signed))
	}
	return strings.Join(all, " "), nil
}
