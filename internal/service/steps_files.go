package service

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// row is one object of a file of persons.
type row map[string]any

// rows reads a file that must be a JSON array of objects.
func rows(data []byte) ([]row, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, rpcerr.Invalid("data", "the file is empty")
	}
	var all []row
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&all); err != nil || dec.More() {
		return nil, rpcerr.Invalid("data", "the file must be a JSON array of objects")
	}
	if len(all) == 0 {
		return nil, rpcerr.Invalid("data", "the file has no rows")
	}
	return all, nil
}

// text is a member that is text; false when it is another thing. A member that is absent or null is empty.
func (r row) text(key string) (string, bool) {
	switch v := r[key].(type) {
	case nil:
		return "", true
	case string:
		return strings.TrimSpace(v), true
	default:
		return "", false
	}
}

func rowField(i int, key string) string { return fmt.Sprintf("data[%d].%s", i, key) }

func contactsFile(f *forward, r *leadmuxv1.ImportCampaignContactsRequest) error {
	if r.GetFileName() == "" {
		r.FileName = "contacts.json"
	}
	all, err := rows(r.GetData())
	if err != nil {
		return err
	}
	once := distinct{}
	for i, row := range all {
		for _, key := range []string{"name", "email", "outbound_number", "external_unique_id"} {
			if _, ok := row.text(key); !ok {
				return rpcerr.Invalid(rowField(i, key), "must be a text")
			}
		}
		field := rowField(i, "phone_number")
		number, ok := row.text("phone_number")
		if !ok || !strings.HasPrefix(number, "+") {
			return rpcerr.Invalid(field, "must be a phone number with country code, such as +14155550142")
		}
		e164, _, err := phoneNumber(field, number, "")
		if err != nil {
			return err
		}
		if err := once.add(field, e164); err != nil {
			return err
		}
	}
	f.check = func(r idmap.Reader) error {
		for number, field := range once {
			if err := f.mayContact(r, delivery.Person{Phones: []string{number}}, leadmuxv1.ContactChannel_CONTACT_CHANNEL_CALL, field); err != nil {
				return err
			}
		}
		return nil
	}
	return nil
}

func newAgentsFile(_ *forward, r *leadmuxv1.CreateAgentImportRequest) error {
	if r.GetFileName() == "" {
		r.FileName = agentsFileName
	}
	return agentRows(r.GetData())
}

func otherAgentsFile(_ *forward, r *leadmuxv1.ReplaceAgentImportFileRequest) error {
	if r.GetFileName() == "" {
		r.FileName = agentsFileName
	}
	if r.GetJobId() == "" {
		return rpcerr.Invalid("job_id", "is needed")
	}
	return agentRows(r.GetData())
}

const agentsFileName = "agents.json"

// agentRows checks what the vendor's documents ask of each row; what depends on the contact centre's own settings, it checks itself.
func agentRows(data []byte) error {
	all, err := rows(data)
	if err != nil {
		return err
	}
	emails, newEmails := distinct{}, distinct{}
	for i, row := range all {
		if err := agentRow(i, row); err != nil {
			return err
		}
		email, _ := row.text("email")
		if err := emails.add(rowField(i, "email"), strings.ToLower(email)); err != nil {
			return err
		}
		if other, _ := row.text("new_email"); other != "" {
			if err := newEmails.add(rowField(i, "new_email"), strings.ToLower(other)); err != nil {
				return err
			}
		}
	}
	return nil
}

func agentRow(i int, row row) error {
	for _, key := range []string{"email", "first_name", "last_name"} {
		if text, ok := row.text(key); !ok || text == "" {
			return rpcerr.Invalid(rowField(i, key), "must be a text that is not empty")
		}
	}
	for _, key := range []string{"email", "new_email"} {
		text, ok := row.text(key)
		if !ok {
			return rpcerr.Invalid(rowField(i, key), "must be a text")
		}
		if err := emailAddress(rowField(i, key), text); err != nil {
			return err
		}
	}
	if status, ok := row.text("status"); !ok || status != "" && status != "Active" && status != "Inactive" {
		return rpcerr.Invalid(rowField(i, "status"), `must be "Active", "Inactive" or empty`)
	}
	if !isFlag(row["max_chat_limit_enabled"]) {
		return rpcerr.Invalid(rowField(i, "max_chat_limit_enabled"), "must be 0, 1 or empty")
	}
	for _, key := range []string{"roles", "teams"} {
		if err := groups(rowField(i, key), row[key]); err != nil {
			return err
		}
	}
	return nil
}

// groups checks the roles or teams of a row.
func groups(field string, value any) error {
	if value == nil {
		return nil
	}
	items, ok := value.([]any)
	for _, item := range items {
		group, isObject := item.(map[string]any)
		name, isText := group["name"].(string)
		ok = ok && isObject && isText && name != "" && isFlag(group["value"])
	}
	if !ok {
		return rpcerr.Invalid(field, `must be a list of {"name": …, "value": 0, 1 or ""}`)
	}
	return nil
}

// isFlag says whether a value is 0, 1 or empty, as number or text.
func isFlag(value any) bool {
	text := strings.TrimSpace(fmt.Sprint(value))
	return value == nil || text == "" || text == "0" || text == "1"
}
