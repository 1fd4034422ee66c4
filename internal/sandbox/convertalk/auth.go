package convertalk

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// The vendor names the one API token differently on its two endpoints.
const (
	headerPut  = "x-bp-token"
	headerList = "x-bot-token"
)

// authorized decides before any validation (assumed order). Strict: only the endpoint's own header
// counts, with its own token. With AcceptEitherToken any of the three documented ways will do.
func (e *Emulator) authorized(r *http.Request, header string) bool {
	own := map[string]string{headerPut: e.token, headerList: e.botToken}
	if same(r.Header.Get(header), own[header]) {
		return true
	}
	if !e.settings.Get().AcceptEitherToken {
		return false
	}
	given := []string{r.Header.Get(headerPut), r.Header.Get(headerList)}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && r.Header.Get("authtype") == "Key" {
		given = append(given, bearer)
	}
	for _, token := range given {
		if same(token, e.token) || same(token, e.botToken) {
			return true
		}
	}
	return false
}

func same(given, want string) bool {
	return subtle.ConstantTimeCompare([]byte(given), []byte(want)) == 1
}
