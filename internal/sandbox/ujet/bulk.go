package ujet

import (
	"errors"
	"net/http"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindBulkJob is the ledger kind of bulk user jobs, each under its id in decimal.
const KindBulkJob = "bulkJob"

// States of a bulk user job.
const (
	jobCreated    = "created"
	jobValid      = "valid_scheme"
	jobInvalid    = "invalid_scheme"
	jobInProgress = "in_progress"
	jobFinished   = "finished"
)

// BulkJob is one upload of users.
type BulkJob struct {
	Worker
	bulkAnswer
}

// bulkAnswer is the vendor's job object, field by field.
type bulkAnswer struct {
	ID                  int64      `json:"id"`
	CreatedAt           string     `json:"created_at"`
	ProcessRequestedAt  *string    `json:"process_requested_at"`
	Filename            string     `json:"filename"`
	TotalRows           int        `json:"total_rows"`
	AffectedRows        int        `json:"affected_rows"`
	FailedRows          int        `json:"failed_rows"`
	Status              string     `json:"status"`
	UploadedUserName    *string    `json:"uploaded_user_name"`
	ProceedUserName     *string    `json:"proceed_user_name"`
	UploadedAPIUserName *string    `json:"uploaded_api_user_name"`
	ProceedAPIUserName  *string    `json:"proceed_api_user_name"`
	SchemeErrors        []rowError `json:"scheme_errors"`
	UpdateErrors        []rowError `json:"update_errors"`
}

// rowError is one entry of either error log; only update errors have a type, warning or error.
type rowError struct {
	Message   string  `json:"message"`
	Column    *string `json:"column"`
	Row       *int    `json:"row"`
	ErrorType string  `json:"error_type,omitempty"`
}

func (e *Emulator) bulkRoutes(mux *http.ServeMux) {
	bulk := func(op operation) http.HandlerFunc { return e.serve(e.apiUser(op)) }
	mux.HandleFunc("GET /bulk/users/template", bulk(e.bulkTemplate))
	mux.HandleFunc("POST /bulk/users/upload", bulk(e.bulkUpload))
	mux.HandleFunc("PUT /bulk/users/upload", bulk(e.bulkReplace))
	mux.HandleFunc("POST /bulk/users/proceed", bulk(e.bulkProceed))
	mux.HandleFunc("GET /bulk/users/jobs/{id}", bulk(e.bulkJob(func(j BulkJob) any { return j.bulkAnswer })))
	mux.HandleFunc("GET /bulk/users/errors/scheme/{id}", bulk(e.bulkJob(func(j BulkJob) any { return j.SchemeErrors })))
	mux.HandleFunc("GET /bulk/users/errors/update/{id}", bulk(e.bulkJob(func(j BulkJob) any { return j.UpdateErrors })))
}

// apiUser lets only an API user's token in; a company secret opens the rest of the API but not this.
func (e *Emulator) apiUser(op operation) operation {
	return func(w http.ResponseWriter, r *http.Request) (reply, error) {
		if v, _ := r.Context().Value(verdictKey{}).(verdict); v.legacy {
			return reply{}, &refusal{http.StatusUnauthorized, "Unauthorized"}
		}
		return op(w, r)
	}
}

// bulkUpload is POST /bulk/users/upload: it makes a job, whatever the file holds.
func (e *Emulator) bulkUpload(w http.ResponseWriter, r *http.Request) (reply, error) {
	_, file, err := readForm(w, r)
	if err != nil {
		return reply{}, err
	}
	if file == nil {
		return reply{}, missing("file")
	}
	name := "api"
	j := BulkJob{bulkAnswer: bulkAnswer{
		CreatedAt: e.stamp(), Filename: file.name, Status: jobCreated, UploadedAPIUserName: &name,
		SchemeErrors: []rowError{}, UpdateErrors: []rowError{},
	}}
	e.begin(&j.Worker)
	err = e.ledger.Update(func(tx *kit.Tx) error {
		if j.ID, err = newID(tx, KindBulkJob); err != nil {
			return err
		}
		return errors.Join(tx.Put(KindBulkJob, key(j.ID), j), keepFile(tx, KindBulkJob, j.ID, file.content))
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), key(j.ID), kit.EffectCreated)
	return linked(w, r, http.StatusCreated, j), nil // 201 is inferred
}

// bulkReplace is PUT /bulk/users/upload: another file for a job whose first one was refused or has
// not been started. Its refusal is assumed.
func (e *Emulator) bulkReplace(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, file, err := readForm(w, r)
	if err != nil {
		return reply{}, err
	}
	if file == nil {
		return reply{}, missing("file")
	}
	return e.editBulk(w, r, p, func(tx *kit.Tx, j *BulkJob) error {
		if j.ProcessRequestedAt != nil {
			return badRequest("Job is already in process")
		}
		j.Filename, j.Status, j.SchemeErrors, j.TotalRows = file.name, jobCreated, []rowError{}, 0
		return keepFile(tx, KindBulkJob, j.ID, file.content)
	})
}

// bulkProceed is POST /bulk/users/proceed: the job of a valid file starts. Its refusal is assumed.
func (e *Emulator) bulkProceed(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, _, err := readForm(w, r)
	if err != nil {
		return reply{}, err
	}
	return e.editBulk(w, r, p, func(_ *kit.Tx, j *BulkJob) error {
		if j.Status != jobValid || j.ProcessRequestedAt != nil {
			return badRequest("Job status must be valid_scheme")
		}
		at, name := e.stamp(), "api"
		j.ProcessRequestedAt, j.ProceedAPIUserName = &at, &name
		return nil
	})
}

// editBulk changes the job the form names and gives it to the workers.
func (e *Emulator) editBulk(w http.ResponseWriter, r *http.Request, p params, edit func(tx *kit.Tx, j *BulkJob) error) (reply, error) {
	id, err := p.formID("id")
	if err != nil {
		return reply{}, err
	}
	var j BulkJob
	err = e.ledger.Update(func(tx *kit.Tx) error {
		if j, err = load[BulkJob](tx, KindBulkJob, id); err != nil {
			return err
		}
		if err := edit(tx, &j); err != nil {
			return err
		}
		e.begin(&j.Worker)
		return tx.Put(KindBulkJob, key(id), j)
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), key(id), kit.EffectUpdated)
	return linked(w, r, http.StatusOK, j), nil
}

// linked is the short answer about a job. Its Link is spelled otherwise than the endpoint that answers,
// as on the vendor's page.
func linked(w http.ResponseWriter, r *http.Request, status int, j BulkJob) reply {
	link := "http://" + r.Host + BasePath + "/bulk/users_jobs/" + key(j.ID)
	w.Header().Set("Link", link)
	return reply{status, map[string]any{"id": j.ID, "status": j.Status, "link": link}}
}

// bulkJob is GET on a job or one of its error logs.
func (e *Emulator) bulkJob(shown func(BulkJob) any) operation {
	return func(_ http.ResponseWriter, r *http.Request) (reply, error) {
		id, err := pathID(r, "id")
		if err != nil {
			return reply{}, err
		}
		var j BulkJob
		err = e.ledger.View(func(tx *kit.Tx) error {
			j, err = load[BulkJob](tx, KindBulkJob, id)
			return err
		})
		kit.Touch(r.Context(), key(id), "")
		return reply{http.StatusOK, shown(j)}, err
	}
}
