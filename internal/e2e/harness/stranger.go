package harness

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/conversica"
	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
	"github.com/leadmux/leadmux/internal/sandbox/verse"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Stranger makes the vendor know the person from somebody else, and returns its ID there.
func (v *Vendor) Stranger(tb testing.TB, person *leadmuxv1.Lead) string {
	tb.Helper()
	fullName := name(person.GetFirstName(), person.GetLastName())
	switch v.Name {
	case Verse:
		return v.post(tb, "/zapier", map[string]string{
			"phoneNumber": person.GetPhone(), "email": person.GetEmail(), "firstName": person.GetFirstName(), "lastName": person.GetLastName(),
		}, func(r *http.Request) { r.Header.Set("X-API-KEY", verse.DefaultKey) })
	case UJET:
		return v.post(tb, "/end_users", map[string]string{
			"identifier": "app-user-7", "name": fullName, "email": person.GetEmail(), "phone": person.GetPhone(),
		}, func(r *http.Request) { r.SetBasicAuth(ujet.DefaultSubdomain, ujet.DefaultToken) })
	case Conversica:
		v.post(tb, conversica.Path, map[string]string{
			"apiVersion": "7.2", "id": "crm-of-others-7", "clientId": "tenant-88", "firstName": person.GetFirstName(),
			"lastName": person.GetLastName(), "email": person.GetEmail(), "leadSource": "Import", "repName": "Bob Other",
		}, func(r *http.Request) { r.SetBasicAuth(conversica.DefaultUsername, conversica.DefaultPassword) })
		return "crm-of-others-7"
	default:
		return v.Visit(tb, convertalk.Visitor{Name: fullName, Email: person.GetEmail()})
	}
}

// post makes a request to the vendor as somebody else would, and returns the "id" of the answer.
func (v *Vendor) post(tb testing.TB, path string, fields map[string]string, sign func(*http.Request)) string {
	tb.Helper()
	body, err := json.Marshal(fields)
	must(tb, err)
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, v.BaseURL+path, bytes.NewReader(body))
	must(tb, err)
	request.Header.Set("Content-Type", "application/json")
	sign(request)
	response, err := http.DefaultClient.Do(request)
	must(tb, err)
	raw, err := io.ReadAll(response.Body)
	must(tb, err)
	must(tb, response.Body.Close())
	if response.StatusCode >= http.StatusBadRequest {
		tb.Fatalf("%s answers %d to a stranger's lead: %s", v.Name, response.StatusCode, raw)
	}
	var answer struct{ ID json.RawMessage }
	must(tb, json.Unmarshal(raw, &answer))
	if id := text(answer.ID); id != "" {
		return id
	}
	return string(answer.ID)
}
