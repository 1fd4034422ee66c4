package ujet

import (
	"encoding/json"
	"maps"
	"net/http"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// CustomField is one field of custom data.
type CustomField struct {
	Label *string         `json:"label,omitempty"`
	Value json.RawMessage `json:"value"`
}

// addCustomData is POST …/{id}/custom_data, plain or signed. Its path and its answer are inferred.
func addCustomData[T any, P sessionOf[T]](e *Emulator) operation {
	return func(w http.ResponseWriter, r *http.Request) (reply, error) {
		p, err := readParams(w, r)
		if err != nil {
			return reply{}, err
		}
		fields, err := e.customData(p)
		if err != nil {
			return reply{}, err
		}
		return editSession(e, r, func(_ *kit.Tx, s P) (reply, error) {
			if _, name := s.kind(); s.over() {
				return reply{}, badRequest(name + " is already ended")
			}
			s.session().addCustomData(fields)
			return accepted(), nil
		})
	}
}

// customData reads the fields of either form. Texts of refusals are assumed.
func (e *Emulator) customData(p params) (map[string]CustomField, error) {
	var signed bool
	if given, err := p.value("signed", &signed); err != nil || !given {
		if err == nil {
			err = missing("signed")
		}
		return nil, err
	}
	if !signed {
		return customFields(p, "data")
	}
	token, err := p.required("signed_data")
	if err != nil {
		return nil, err
	}
	claims, err := verifyToken(token, e.settings.Get().CompanySecret, e.now())
	if err != nil {
		return nil, err
	}
	return customFields(claims, "custom_data")
}

// customFields checks that every field has a value.
func customFields(p params, name string) (map[string]CustomField, error) {
	fields := map[string]CustomField{}
	if _, err := p.value(name, &fields); err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		return nil, missing(name)
	}
	for field, f := range fields {
		if f.Value == nil {
			return nil, badRequest(name + "[" + field + "] has no value")
		}
	}
	return fields, nil
}

// addCustomData lays the fields over what is there; the three reserved ones are the customer flag.
func (s *Session) addCustomData(fields map[string]CustomField) {
	if s.CustomData == nil {
		s.CustomData = map[string]CustomField{}
	}
	maps.Copy(s.CustomData, fields)
	for name, at := range map[string]*bool{
		"reserved_verified_customer": &s.Flag.VerifiedCustomer,
		"reserved_bad_actor":         &s.Flag.BadActor,
		"reserved_repeat_customer":   &s.Flag.RepeatCustomer,
	} {
		if f, given := fields[name]; given {
			*at = string(f.Value) == "true"
		}
	}
}
