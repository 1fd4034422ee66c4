package ujet

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"
)

// bodyLimit bounds a JSON body, in bytes (assumed; no page states one).
const bodyLimit = 1 << 20

// params is the body of a request as Rails would hand it to a controller: the members of a JSON
// object. Any other JSON value, or a body that is not declared as JSON, gives no parameters, so a
// required one is then reported as missing.
type params map[string]json.RawMessage

func readParams(w http.ResponseWriter, r *http.Request) (params, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &refusal{http.StatusRequestEntityTooLarge, "Request Entity Too Large"}
	}
	if err != nil {
		return nil, badRequest("Bad Request") // the client stopped in the middle of its body
	}
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if mediaType != "application/json" || len(raw) == 0 {
		return params{}, nil
	}
	if !json.Valid(raw) || !utf8.Valid(raw) {
		return nil, badRequest("Error occurred while parsing request parameters")
	}
	p := params{}
	if json.Unmarshal(raw, &p) != nil {
		p = params{} // valid JSON, but no object
	}
	return p, nil
}

// text reads a string member. A null or absent member gives nil; given tells the two apart.
// Rails would turn a number into text; the emulator refuses it (assumed), because a client that
// sends one has a wrong type in its table.
func (p params) text(name string) (value *string, given bool, err error) {
	raw, given := p[name]
	if !given {
		return nil, false, nil
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, true, badRequest(name + " is invalid")
	}
	return value, true, nil
}

// required reads a string member that must not be blank.
func (p params) required(name string) (string, error) {
	raw := string(p[name])
	if raw == "{}" || raw == "[]" || raw == "false" { // blank in Rails, whatever their type
		return "", missing(name)
	}
	value, _, err := p.text(name)
	if err != nil {
		return "", err
	}
	if value == nil || strings.TrimSpace(*value) == "" {
		return "", missing(name)
	}
	return *value, nil
}

// requiredID reads an integer member that must be there. Digits in a string are refused (assumed),
// because all ids of this vendor are integers in its documents.
func (p params) requiredID(name string) (int64, error) {
	raw, given := p[name]
	if !given || string(raw) == "null" {
		return 0, missing(name)
	}
	var id int64
	if err := json.Unmarshal(raw, &id); err != nil {
		return 0, badRequest(name + " is not well formed")
	}
	return id, nil
}

// boolean reads an optional true or false into at; absent and null leave it.
func (p params) boolean(name string, at *bool) error {
	raw, given := p[name]
	if !given || string(raw) == "null" {
		return nil
	}
	if json.Unmarshal(raw, at) != nil {
		return badRequest(name + " is invalid")
	}
	return nil
}

// value reads a member of any type into at; absent and null leave it and are not given.
func (p params) value(name string, at any) (given bool, err error) {
	raw, given := p[name]
	if !given || string(raw) == "null" {
		return false, nil
	}
	if json.Unmarshal(raw, at) != nil {
		return true, badRequest(name + " is invalid")
	}
	return true, nil
}

// word reads an optional string member; absent, null and blank are all empty.
func (p params) word(name string) (string, error) {
	value, _, err := p.text(name)
	if err != nil || value == nil {
		return "", err
	}
	return strings.TrimSpace(*value), nil
}

// inner reads a required object member as parameters of its own.
func (p params) inner(name string) (params, error) {
	object := params{}
	if given, err := p.value(name, &object); err != nil {
		return nil, err
	} else if !given || len(object) == 0 {
		return nil, missing(name)
	}
	return object, nil
}
