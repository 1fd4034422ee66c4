package seal

import (
	"bytes"
	"errors"
	"testing"
)

func secret(t *testing.T, fill byte) *Secret {
	t.Helper()
	s, err := NewSecret(bytes.Repeat([]byte{fill}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealedOnlyOpensWithItsKeyAtItsPlace(t *testing.T) {
	s := secret(t, 1)
	wrapped, err := s.NewDataKey("k1")
	if err != nil {
		t.Fatal(err)
	}
	key, err := s.DataKey("k1", wrapped)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := key.Seal([]byte("Mireille"), "lead/1")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("Mireille")) {
		t.Fatal("sealed text is in clear")
	}
	if plain, err := key.Open(sealed, "lead/1"); err != nil || string(plain) != "Mireille" {
		t.Fatalf("%q, %v", plain, err)
	}
	if _, err := key.Open(sealed, "lead/2"); !errors.Is(err, ErrWrongKey) {
		t.Errorf("a moved record opened: %v", err)
	}
	if _, err := s.DataKey("k2", wrapped); !errors.Is(err, ErrWrongKey) {
		t.Errorf("a renamed key opened: %v", err)
	}
	if _, err := secret(t, 2).DataKey("k1", wrapped); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another secret opened the key: %v", err)
	}
}

func TestSumKeepsPurposesAndPartsApart(t *testing.T) {
	s := secret(t, 1)
	sums := map[string]bool{}
	for _, parts := range [][]string{{"a", "bc"}, {"ab", "c"}, {"abc"}, {"abc", ""}} {
		for _, purpose := range []string{"p", "q"} {
			var b [][]byte
			for _, p := range parts {
				b = append(b, []byte(p))
			}
			sums[string(s.Sum(purpose, b...))] = true
		}
	}
	if len(sums) != 8 {
		t.Fatalf("%d different sums, want 8", len(sums))
	}
	if bytes.Equal(s.Sum("p"), secret(t, 2).Sum("p")) {
		t.Fatal("two secrets give one sum")
	}
}

func TestShortSecretIsRefused(t *testing.T) {
	if _, err := NewSecret(make([]byte, KeySize-1)); !errors.Is(err, ErrSecret) {
		t.Fatal(err)
	}
}

func TestWhatIsSealedUnderTheSecretOpensAtItsPlaceOnly(t *testing.T) {
	one, other := secret(t, 1), secret(t, 2)
	sealed, err := one.Seal([]byte("canary"), "here")
	if err != nil || bytes.Contains(sealed, []byte("canary")) {
		t.Fatalf("%q %v", sealed, err)
	}
	if plain, err := one.Open(sealed, "here"); err != nil || string(plain) != "canary" {
		t.Errorf("%q %v", plain, err)
	}
	for what, open := range map[string]func() ([]byte, error){
		"elsewhere":           func() ([]byte, error) { return one.Open(sealed, "there") },
		"with another secret": func() ([]byte, error) { return other.Open(sealed, "here") },
		"changed": func() ([]byte, error) {
			return one.Open(append(sealed[:len(sealed)-1:len(sealed)-1], sealed[len(sealed)-1]^1), "here")
		},
		"as another's wrapped": func() ([]byte, error) { _, err := one.DataKey("here", sealed); return nil, err },
	} {
		if _, err := open(); !errors.Is(err, ErrWrongKey) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
