package outbound

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestAKeyReadsWhatItWrote(t *testing.T) {
	for _, k := range []Key{NewHMACKey(), NewEd25519Key()} {
		again, err := ParseKey(k.Secret())
		if err != nil || again.Secret() != k.Secret() || again.PublicKey() != k.PublicKey() || !again.Valid() {
			t.Errorf("%v", err)
		}
	}
	if a, b := NewHMACKey(), NewHMACKey(); a.Secret() == b.Secret() || len(a.Secret()) != len("whsec_")+44 || a.PublicKey() != "" {
		t.Error("an HMAC key is not 32 random bytes, or has a public half")
	}
	if a, b := NewEd25519Key(), NewEd25519Key(); a.PublicKey() == b.PublicKey() || len(a.PublicKey()) != len("whpk_")+44 {
		t.Error("an ed25519 key has no public half of its own")
	}
	if zero := (Key{}); zero.Valid() || zero.Secret() != "" || zero.PublicKey() != "" {
		t.Error("the zero Key is one")
	}
}

func TestWhatIsNoKeyIsRefused(t *testing.T) {
	bytesOf := func(n int) string { return base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", n))) }
	for text, good := range map[string]bool{
		"whsec_" + bytesOf(24): true, "whsec_" + bytesOf(64): true, "whsec_" + bytesOf(23): false, "whsec_" + bytesOf(65): false,
		"whsk_" + bytesOf(32): true, "whsk_" + bytesOf(31): false, "whsk_" + bytesOf(64): false, "whpk_" + bytesOf(32): false,
		"": false, "whsec_": false, "whsk_": false, bytesOf(32): false, "WHSEC_" + bytesOf(32): false, " whsec_" + bytesOf(32): false,
		"whsec_" + bytesOf(32) + "\n": false, "whsec_" + strings.TrimRight(bytesOf(32), "="): false, "whsec_" + bytesOf(24)[:31] + "!": false,
		"whsk_" + base64.StdEncoding.EncodeToString(keyOf(t, "whsk_"+bytesOf(32)).open().pair): true,
	} {
		k, err := ParseKey(text)
		if (err == nil) != good || k.Valid() != good {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && len(text) > 8 && strings.Contains(err.Error(), text[6:]) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

func keyOf(t testing.TB, text string) Key {
	t.Helper()
	k, err := ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestP23NoPrintShowsAKey, by itself or in what holds it.
func TestP23NoPrintShowsAKey(t *testing.T) {
	for _, k := range []Key{NewHMACKey(), NewEd25519Key()} {
		in := struct {
			message Message
			key     Key
		}{Message{Keys: []Key{k}}, k}
		var b strings.Builder
		slog.New(slog.NewJSONHandler(&b, nil)).Info("a", slog.Any("key", k), slog.Any("message", in.message))
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
			fmt.Fprintf(&b, verb+verb, k, in)
		}
		raw, err := base64.StdEncoding.DecodeString(k.Secret()[strings.Index(k.Secret(), "_")+1:])
		if err != nil {
			t.Fatal(err)
		}
		for _, shape := range []string{k.Secret()[6:], hex.EncodeToString(raw), strings.Trim(fmt.Sprintf("%d", raw), "[]"), strconv.Quote(string(raw))} {
			if strings.Contains(b.String(), shape) {
				t.Errorf("shown: %s", b.String())
			}
		}
	}
}

// TestP14TheSignaturesAreThoseThatTheStandardPublishes, in the tests of its own libraries.
func TestP14TheSignaturesAreThoseThatTheStandardPublishes(t *testing.T) {
	for key, want := range map[string]string{
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		"whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=": "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHe" +
			"YGb7KaaBRdM5WqyeFiL8Ag==",
	} {
		m := Message{ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", Body: []byte(`{"test": 2432232314}`), Keys: []Key{keyOf(t, key)}}
		got, err := signatures(m, time.Unix(1614265330, 0))
		if err != nil || got != want {
			t.Errorf("%s: %s (%v)", key[:6], got, err)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=", "whpk_", "whsec_", "whsk_====", "",
		NewEd25519Key().PublicKey(), NewHMACKey().Secret(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := ParseKey(text)
		if (err == nil) != k.Valid() {
			t.Fatalf("%v, valid %t", err, k.Valid())
		}
		if err != nil {
			return
		}
		again, err := ParseKey(k.Secret())
		if err != nil || again.Secret() != k.Secret() || again.sign([]byte("a")) != k.sign([]byte("a")) {
			t.Errorf("%q is not read back as it was", text)
		}
		if !strings.HasPrefix(text, k.Secret()[:5]) || (k.open().pair == nil && k.Secret() != text) {
			t.Errorf("%q became another key", text)
		}
	})
}
