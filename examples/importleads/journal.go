package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statusv1 "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/status"
)

// state is how far an import came: the results of so many leads have arrived.
type state struct {
	Name    string `json:"name"`
	Done    int    `json:"done"`
	Refused int    `json:"refused"`
	Known   int    `json:"known"` // were there before
}

// journal keeps the state, and the leads that were refused. It is written now and then: what a sudden end loses of it is sent
// again, and the service knows each lead by its request_id.
type journal struct {
	state   state
	path    string
	refused *os.File
	check   bool
}

func openJournal(o options) (*journal, error) {
	j := &journal{state: state{Name: o.Name}, path: o.File + ".progress", check: o.Check}
	if o.Check {
		return j, nil
	}
	raw, err := os.ReadFile(j.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		var earlier state
		if err := json.Unmarshal(raw, &earlier); err != nil {
			return nil, fmt.Errorf("%s is damaged; remove it to begin again, no lead will be made twice: %w", j.path, err)
		}
		if earlier.Name == o.Name {
			j.state = earlier
		}
	}
	j.refused, err = os.OpenFile(o.File+".refused", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return j, err
}

// refusal is a line of FILE.refused. It names fields, never their values.
type refusal struct {
	Row       int               `json:"row"`
	RequestID string            `json:"requestId"`
	Reason    string            `json:"reason"`
	Message   string            `json:"message"`
	Fields    map[string]string `json:"fields,omitempty"`
}

func refusalOf(number int, requestID string, why *statusv1.Status) refusal {
	r := refusal{Row: number, RequestID: requestID, Message: why.GetMessage()}
	for _, detail := range status.FromProto(why).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			r.Reason = detail.GetReason()
		case *errdetails.BadRequest:
			r.Fields = map[string]string{}
			for _, v := range detail.GetFieldViolations() {
				r.Fields[v.GetField()] = v.GetDescription()
			}
		}
	}
	return r
}

func (j *journal) refuse(r refusal) error {
	j.state.Refused++
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	out := j.refused
	if j.check {
		out = os.Stdout
	}
	_, err = out.Write(append(line, '\n'))
	return err
}

// save writes the state, all of it or nothing.
func (j *journal) save() error {
	if j.check {
		return nil
	}
	raw, err := json.Marshal(j.state)
	if err != nil {
		return err
	}
	if err := j.refused.Sync(); err != nil {
		return err
	}
	part := filepath.Join(filepath.Dir(j.path), "."+filepath.Base(j.path)+".part")
	if err := os.WriteFile(part, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(part, j.path)
}

func (j *journal) close() error {
	if j.check {
		return nil
	}
	return errors.Join(j.save(), j.refused.Close())
}
