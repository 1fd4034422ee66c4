package adapters_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/leadmux/leadmux/internal/adapters"
)

func TestClipKeepsWholeCharacters(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"", 3, ""}, {"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"abc", 0, ""},
		{"aå", 2, "a"}, {"aå", 3, "aå"}, {"å", 1, ""}, {"a€", 3, "a"}, {"😀b", 3, ""}, {"😀b", 4, "😀"},
		{"a\xffb", 10, "a\uFFFDb"}, {"a\xffb", 3, "a"}, {"a\xff\xfe", 4, "a\uFFFD"}, {"\x00", 1, "\x00"},
	} {
		if got := adapters.Clip(c.text, c.limit); got != c.want {
			t.Errorf("%q to %d bytes: %q, want %q", c.text, c.limit, got, c.want)
		}
	}
}

func TestEmailTakesWhatTheServiceWouldTake(t *testing.T) {
	long := strings.Repeat("a", 250-len("@example.com")) + "@example.com"
	for text, want := range map[string]string{
		"ada@example.com": "ada@example.com", " ada@example.com\n": "ada@example.com", "Ada.Byron+x@EXAMPLE.com": "Ada.Byron+x@EXAMPLE.com", long: long,
		"": "", "ada": "", "ada@": "", "@example.com": "", "ada@example": "", "ada@localhost": "", "Ada <ada@example.com>": "", "<ada@example.com>": "",
		"ada@example.com, bob@example.com": "", "ada@@example.com": "", "ada example.com": "", "a" + strings.Repeat("a", 4) + long: "",
	} {
		if got := adapters.Email(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestPhoneIsWrittenTheOneWay(t *testing.T) {
	for _, c := range []struct{ text, region, want string }{
		{"+14155550142", "", "+14155550142"}, {"(415) 555-0142", "US", "+14155550142"}, {"+1 415.555.0142", "GB", "+14155550142"},
		{"020 7946 0018", "GB", "+442079460018"}, {"14155550142", "US", "+14155550142"}, {"tel:+1-415-555-0142", "US", "+14155550142"},
		{"(415) 555-0142", "", ""}, {"", "US", ""}, {"not a number", "US", ""}, {"12", "US", ""}, {"+1415555014200000000", "US", ""}, {"12345 67890 12345 67890", "GB", ""},
	} {
		if got := adapters.Phone(c.text, c.region); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.text, c.region, got, c.want)
		}
	}
}

func FuzzClip(f *testing.F) {
	f.Add("a€\xff", 3)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 0 {
			return
		}
		got := adapters.Clip(text, limit)
		if len(got) > limit || !utf8.ValidString(got) || !strings.HasPrefix(strings.ToValidUTF8(text, "\uFFFD"), got) {
			t.Errorf("%q to %d bytes: %q", text, limit, got)
		}
	})
}
