package webhook_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	seedFlag = flag.Uint64("seed", 0, "repeat the forged deliveries of a failure; 0 draws a seed")
	forgings = flag.Int("forgings", 10_000, "how many forged deliveries there are")
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// forging makes something else of a genuine delivery, and says how it is to be answered.
type forging struct {
	name   string
	status int
	change func(l *letter, r *rand.Rand)
}

// astray are deliveries to an address that there is not, which is the only proof that all vendors give.
var astray = []forging{
	{"a token with another letter", 404, func(l *letter, r *rand.Rand) { l.token = other(l.token, r) }},
	{"a token cut short", 404, func(l *letter, r *rand.Rand) { l.token = l.token[:r.IntN(len(l.token))] }},
	{"a token with more", 404, func(l *letter, r *rand.Rand) { l.token += word(r) }},
	{"a token in capitals", 404, func(l *letter, _ *rand.Rand) { l.token = strings.ToUpper(l.token) }},
	{"another account's token", 404, func(l *letter, _ *rand.Rand) { l.token = pathToken(next(l.account)) }},
	{"another account", 404, func(l *letter, _ *rand.Rand) { l.account = next(l.account) }},
	{"no such account", 404, func(l *letter, r *rand.Rand) { l.account = word(r) }},
	{"no such kind", 404, func(l *letter, r *rand.Rand) { l.kind = "x" + word(r) }},
	{"further down", 404, func(l *letter, r *rand.Rand) { l.token += "/" + word(r) + "/" + word(r) }},
	{"any token", 404, func(l *letter, r *rand.Rand) { l.token = word(r) }},
}

// unproved are deliveries whose Authorization is not the vendor's, be it a bearer token or a password.
var unproved = []forging{
	{"none", 401, func(l *letter, _ *rand.Rand) { l.header.Del("Authorization") }},
	{"an empty one", 401, func(l *letter, _ *rand.Rand) { l.header.Set("Authorization", "") }},
	{"another letter", 401, func(l *letter, r *rand.Rand) { l.reword(func(s string) string { return other(s, r) }) }},
	{"cut short", 401, func(l *letter, r *rand.Rand) { l.reword(func(s string) string { return s[:r.IntN(len(s)-3)] }) }},
	{"with more", 401, func(l *letter, r *rand.Rand) { l.reword(func(s string) string { return s + word(r) }) }},
	{"doubled", 401, func(l *letter, _ *rand.Rand) { l.reword(func(s string) string { return s + s }) }},
	{"any word", 401, func(l *letter, r *rand.Rand) { l.reword(func(string) string { return word(r) }) }},
	{"without its scheme", 401, func(l *letter, _ *rand.Rand) {
		_, l.header["Authorization"][0], _ = strings.Cut(l.header.Get("Authorization"), " ")
	}},
	{"another scheme", 401, func(l *letter, r *rand.Rand) {
		_, proof, _ := strings.Cut(l.header.Get("Authorization"), " ")
		l.header.Set("Authorization", "X"+word(r)+" "+proof)
	}},
	{"another user", 401, func(l *letter, r *rand.Rand) { l.header.Set("Authorization", basic(word(r), callbackWord)) }},
	{"another password", 401, func(l *letter, r *rand.Rand) { l.header.Set("Authorization", basic(callbackUser, word(r))) }},
	{"user and password exchanged", 401, func(l *letter, _ *rand.Rand) { l.header.Set("Authorization", basic(sessionWord, sessionUser)) }},
	{"no password", 401, func(l *letter, _ *rand.Rand) { l.header.Set("Authorization", basic(sessionUser, "")) }},
	{"the password of nobody", 401, func(l *letter, _ *rand.Rand) { l.header.Set("Authorization", basic("", "")) }},
	{"in another header", 401, func(l *letter, _ *rand.Rand) {
		l.header.Set("X-Authorization", l.header.Get("Authorization"))
		l.header.Del("Authorization")
	}},
}

// unsigned are deliveries whose signature is not the vendor's, or not of these bytes, or not of this moment.
var unsigned = []forging{
	{"no headers", 401, func(l *letter, _ *rand.Rand) { l.header = http.Header{} }},
	{"no signature", 401, func(l *letter, _ *rand.Rand) { l.header.Del("X-Signature") }},
	{"no time", 401, func(l *letter, _ *rand.Rand) { l.header.Del("X-Signature-Timestamp") }},
	{"another byte in the body", 401, func(l *letter, r *rand.Rand) {
		l.body = bytes.Clone(l.body)
		l.body[r.IntN(len(l.body))] ^= byte(1 + r.IntN(255))
	}},
	{"a body cut short", 401, func(l *letter, r *rand.Rand) { l.body = l.body[:r.IntN(len(l.body))] }},
	{"a longer body", 401, func(l *letter, r *rand.Rand) { l.body = append(bytes.Clone(l.body), word(r)...) }},
	{"a blank more", 401, func(l *letter, _ *rand.Rand) { l.body = append(bytes.Clone(l.body), ' ') }},
	{"any body", 401, func(l *letter, r *rand.Rand) {
		l.body = []byte(`{"event_type":"chat_ended","chat_id":` + strconv.Itoa(r.IntN(9999)) + `}`)
	}},
	{"another secret", 401, func(l *letter, r *rand.Rand) { l.sign(time.Now(), word(r)) }},
	{"a secret with another letter", 401, func(l *letter, r *rand.Rand) { l.sign(time.Now(), other(signingSecret, r)) }},
	{"no secret", 401, func(l *letter, _ *rand.Rand) { l.sign(time.Now(), "") }},
	{"replayed after five minutes", 401, func(l *letter, r *rand.Rand) {
		l.sign(time.Now().Add(-5*time.Minute-time.Duration(1+r.Int64N(1e6))*time.Second), signingSecret)
	}},
	{"from the future", 401, func(l *letter, r *rand.Rand) {
		l.sign(time.Now().Add(6*time.Minute+time.Duration(r.Int64N(1e6))*time.Second), signingSecret)
	}},
	{"replayed under a new time", 401, func(l *letter, r *rand.Rand) {
		l.sign(time.Now().Add(-time.Hour), signingSecret)
		l.header.Set("X-Signature-Timestamp", strconv.FormatInt(time.Now().Unix()-r.Int64N(200), 10))
	}},
	{"the time in another form", 401, func(l *letter, _ *rand.Rand) {
		l.header.Set("X-Signature-Timestamp", l.header.Get("X-Signature-Timestamp")+"000")
	}},
	{"a time of words", 401, func(l *letter, r *rand.Rand) { l.header.Set("X-Signature-Timestamp", word(r)) }},
	{"another letter in the signature", 401, func(l *letter, r *rand.Rand) {
		l.header.Set("X-Signature", "primary="+other(strings.TrimPrefix(l.header.Get("X-Signature"), "primary="), r))
	}},
	{"a signature without its name", 401, func(l *letter, _ *rand.Rand) {
		l.header.Set("X-Signature", strings.TrimPrefix(l.header.Get("X-Signature"), "primary="))
	}},
	{"another name", 401, func(l *letter, r *rand.Rand) {
		l.header.Set("X-Signature", word(r)+strings.TrimPrefix(l.header.Get("X-Signature"), "primary"))
	}},
	{"empty signatures", 401, func(l *letter, _ *rand.Rand) { l.header.Set("X-Signature", "primary= secondary=") }},
	{"a password in its place", 401, func(l *letter, _ *rand.Rand) {
		l.header = http.Header{"Authorization": {basic(sessionUser, sessionWord)}}
	}},
}

// forge makes the n-th forged delivery of a seed.
func forge(genuine []letter, seed uint64, n int) (letter, forging) {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	l := genuine[r.IntN(len(genuine))]
	l.header = maps.Clone(l.header)
	if l.header.Get("X-Signature") != "" {
		l.sign(time.Now(), signingSecret)
	}
	ways := unproved
	switch {
	case l.account == "convertalk" || r.IntN(5) == 0: // Convertalk gives no proof but the address
		ways = astray
	case l.account == "ujet" && l.kind == "":
		ways = unsigned
	}
	way := ways[r.IntN(len(ways))]
	for name, values := range l.header {
		l.header[name] = []string{values[0]}
	}
	way.change(&l, r)
	return l, way
}

// reword changes the word of a Bearer token, or the password of Basic.
func (l letter) reword(change func(string) string) {
	switch l.account {
	case "verse":
		l.header.Set("Authorization", "Bearer "+change(bearer))
	case "conversica":
		l.header.Set("Authorization", basic(callbackUser, change(callbackWord)))
	default:
		l.header.Set("Authorization", basic(sessionUser, change(sessionWord)))
	}
}

func next(account string) string {
	return map[string]string{"verse": "ujet", "ujet": "conversica", "conversica": "convertalk", "convertalk": "verse"}[account]
}

// other is a text with one letter changed.
func other(s string, r *rand.Rand) string {
	i, c := r.IntN(len(s)), alphabet[r.IntN(len(alphabet))]
	if s[i] == c {
		c = '*'
	}
	return s[:i] + string(c) + s[i+1:]
}

func word(r *rand.Rand) string {
	b := make([]byte, 1+r.IntN(40))
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// together runs work for each number below n, several at a time.
func together(n int, work func(i int)) {
	var wait sync.WaitGroup
	var at atomic.Int64
	for range 16 {
		wait.Go(func() {
			for i := int(at.Add(1)) - 1; i < n; i = int(at.Add(1)) - 1 {
				work(i)
			}
		})
	}
	wait.Wait()
}

// TestP12TenThousandForgedDeliveriesChangeNothing sends what four vendors might send, after one that really does: each is refused and counted,
// and not a byte of the index changes. What comes again as it was is answered as it was, and changes nothing either.
func TestP12TenThousandForgedDeliveriesChangeNothing(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("to repeat: go test ./internal/webhook -run %s -seed %d -forgings %d", t.Name(), seed, *forgings)
	h := newHouse(t)
	all := fixtures(t)
	for _, l := range all {
		if status, err := h.send(t.Context(), l); status != http.StatusOK || err != nil {
			t.Fatalf("the genuine %s %s is answered with %d (%v)", l.account, l.kind, status, err)
		}
	}
	before, bytesBefore := h.holds(t), h.file(t)
	if before.events < len(all) || before.leads == 0 || before.waiting == 0 {
		t.Fatalf("the genuine deliveries left %+v", before)
	}
	var want [600]atomic.Int64
	together(*forgings, func(i int) {
		l, way := forge(all, seed, i)
		want[way.status].Add(1)
		if status, err := h.send(t.Context(), l); status != way.status || err != nil {
			t.Errorf("forgery %d of %s %q (%s): %d, want %d (%v)", i, l.account, l.kind, way.name, status, way.status, err)
		}
	})
	if !bytes.Equal(bytesBefore, h.file(t)) {
		t.Error("the index's file changed")
	}
	for result, n := range map[string]int64{"forged": want[401].Load(), "unknown": want[404].Load(), "stored": int64(len(all))} {
		if got := counted(t, h.registry, result); int64(got) != n || n == 0 {
			t.Errorf("%d counted as %s, want %d", got, result, n)
		}
	}
	t.Logf("%d with a false proof, %d astray", want[401].Load(), want[404].Load())
	together(10*len(all), func(i int) {
		l := all[i%len(all)]
		if status, err := h.send(t.Context(), l); status != http.StatusOK || err != nil {
			t.Errorf("%s %s, sent again: %d (%v)", l.account, l.kind, status, err)
		}
	})
	if after := h.holds(t); after != before {
		t.Errorf("the index had %+v and has %+v", before, after)
	}
}

// file is the index as it stands on the disk.
func (h *house) file(t *testing.T) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(h.dir, "index.db"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// stage is a time in which the vendor signs with the same secrets.
type stage struct {
	secrets []string
	sending sync.WaitGroup
	sent    atomic.Int64
}

// TestP12ARotationOfSecretsLosesNothing changes UJET's secret again and again while deliveries come: the vendor signs with both for a while, then
// with the next one alone, and we know both meanwhile or change over in the midst. All that was signed is stored, and then the old secret is
// worth nothing.
func TestP12ARotationOfSecretsLosesNothing(t *testing.T) {
	const rotations, each = 5, 40
	h := newHouse(t)
	var mu sync.RWMutex
	now := &stage{secrets: []string{signingSecret}}
	ended := make(chan struct{})
	var senders sync.WaitGroup
	var total atomic.Int64
	for range 8 {
		senders.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
				}
				mu.RLock()
				s := now
				s.sending.Add(1)
				mu.RUnlock()
				l := genuine("ujet", "", fmt.Appendf(nil, `{"event_type":"an_event","chat_id":"c%d"}`, total.Add(1)))
				l.sign(time.Now(), s.secrets...)
				if status, err := h.send(t.Context(), l); status != http.StatusOK || err != nil {
					t.Errorf("signed with %d secrets: %d (%v)", len(s.secrets), status, err)
				}
				s.sent.Add(1)
				s.sending.Done()
			}
		})
	}
	// vendor lets the vendor sign with other secrets, once it has for a while with those before.
	vendor := func(secrets ...string) {
		for now.sent.Load() < each {
			select {
			case <-t.Context().Done():
				return
			case <-time.After(time.Millisecond):
			}
		}
		before := now
		mu.Lock()
		now = &stage{secrets: secrets}
		mu.Unlock()
		before.sending.Wait()
	}
	old := signingSecret
	for i := range rotations {
		fresh := fmt.Sprintf("ujet-signing-secret-number-%d", i+1)
		if i%2 == 0 { // we know both for a while
			h.open(t, old, fresh)
		}
		vendor(fresh, old)
		if i%2 == 1 { // only the vendor does
			h.open(t, fresh)
		}
		vendor(fresh)
		h.open(t, fresh)
		l := genuine("ujet", "", []byte(`{"event_type":"too_late"}`))
		l.sign(time.Now(), old)
		if status, err := h.send(t.Context(), l); status != http.StatusUnauthorized || err != nil {
			t.Errorf("the secret of before: %d (%v)", status, err)
		}
		old = fresh
	}
	close(ended)
	senders.Wait()
	if got := h.holds(t).chats; got != int(total.Load()) { // each delivery is of a chat of its own
		t.Errorf("%d deliveries were signed, %d chats are in the log", total.Load(), got)
	}
	t.Logf("%d deliveries over %d rotations", total.Load(), rotations)
}
