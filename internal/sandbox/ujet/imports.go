package ujet

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindImportJob is the ledger kind of imports of campaign contacts, each under its id in decimal.
const KindImportJob = "importJob"

// ImportJob is one file of contacts for a campaign.
type ImportJob struct {
	Worker
	importAnswer
	CampaignID int64 `json:"campaignId"`
}

// importAnswer is what the vendor tells of an import; its shape is assumed.
type importAnswer struct {
	ID         int64      `json:"id"`
	Status     string     `json:"status"`
	CreatedAt  string     `json:"created_at"`
	Filename   string     `json:"filename"`
	TotalRows  int        `json:"total_rows"`
	FailedRows int        `json:"failed_rows"`
	Errors     []rowError `json:"errors"`
}

func (e *Emulator) importRoutes(mux *http.ServeMux) {
	const campaign = "/outbound_dialer/campaigns/{campaign_id}/contacts"
	mux.HandleFunc("POST "+campaign+"/import", e.serve(e.importContacts))
	mux.HandleFunc("GET "+campaign+"/jobs/{id}", e.serve(e.getImport))
	mux.HandleFunc("GET "+campaign+"/jobs", e.serve(e.listImports))
}

// importContacts is POST …/contacts/import: the file's contacts are added later, by a job. Where the
// job's id stands in the answer is not public; here it is in the body and at the end of Location.
func (e *Emulator) importContacts(w http.ResponseWriter, r *http.Request) (reply, error) {
	campaign, err := e.campaign(r)
	if err != nil {
		return reply{}, err
	}
	_, file, err := readForm(w, r)
	if err != nil {
		return reply{}, err
	}
	if file == nil {
		return reply{}, missing("file")
	}
	var rows []params
	if json.Unmarshal(file.content, &rows) != nil {
		return reply{}, badRequest("file must be a JSON array of contacts")
	}
	j := ImportJob{CampaignID: campaign, importAnswer: importAnswer{
		Status: jobCreated, CreatedAt: e.stamp(), Filename: file.name, TotalRows: len(rows), Errors: []rowError{},
	}}
	e.begin(&j.Worker)
	err = e.ledger.Update(func(tx *kit.Tx) error {
		if j.ID, err = newID(tx, KindImportJob); err != nil {
			return err
		}
		return errors.Join(tx.Put(KindImportJob, key(j.ID), j), keepFile(tx, KindImportJob, j.ID, file.content))
	})
	if err != nil {
		return reply{}, err
	}
	kit.Touch(r.Context(), key(j.ID), kit.EffectCreated)
	w.Header().Set("Location", BasePath+"/outbound_dialer/campaigns/"+key(campaign)+"/contacts/jobs/"+key(j.ID))
	return reply{http.StatusAccepted, map[string]any{"job_id": j.ID, "status": j.Status}}, nil
}

// step starts a new import, then adds its contacts: those with a good number that neither the file
// nor the campaign has already.
func (j *ImportJob) step(e *Emulator, tx *kit.Tx) (more bool, err error) {
	if j.Status == jobCreated {
		j.Status = jobInProgress
		return true, nil
	}
	content, err := jobFile(tx, KindImportJob, j.ID)
	if err != nil {
		return false, err
	}
	var rows []params
	if err := json.Unmarshal(content, &rows); err != nil {
		return false, err
	}
	contacts, err := all[Contact](tx, KindContact)
	if err != nil {
		return false, err
	}
	for i, row := range rows {
		c, err := parseContact(row)
		if err == nil && slices.ContainsFunc(contacts, func(other Contact) bool {
			return other.CampaignID == j.CampaignID && other.PhoneNumber == c.PhoneNumber
		}) {
			err = badRequest("phone_number is a duplicate")
		}
		if err != nil {
			n := i + 1
			j.FailedRows, j.Errors = j.FailedRows+1, append(j.Errors, rowError{Message: err.Error(), Row: &n})
			continue
		}
		c.CampaignID = j.CampaignID
		if err := e.putContact(tx, &c); err != nil {
			return false, err
		}
		contacts = append(contacts, c)
	}
	j.Status = jobFinished
	return false, nil
}

// getImport is GET …/contacts/jobs/{job_id}.
func (e *Emulator) getImport(_ http.ResponseWriter, r *http.Request) (reply, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return reply{}, err
	}
	jobs, err := e.imports(r)
	if err != nil {
		return reply{}, err
	}
	i := slices.IndexFunc(jobs, func(j importAnswer) bool { return j.ID == id })
	if i < 0 {
		return reply{}, notFound()
	}
	kit.Touch(r.Context(), key(id), "")
	return reply{http.StatusOK, jobs[i]}, nil
}

// listImports is GET …/contacts/jobs (assumed), newest first as the other job list.
func (e *Emulator) listImports(_ http.ResponseWriter, r *http.Request) (reply, error) {
	jobs, err := e.imports(r)
	slices.Reverse(jobs)
	return reply{http.StatusOK, jobs}, err
}

// imports are the jobs of the path's campaign, oldest first.
func (e *Emulator) imports(r *http.Request) ([]importAnswer, error) {
	campaign, err := e.campaign(r)
	if err != nil {
		return nil, err
	}
	out := []importAnswer{}
	err = e.ledger.View(func(tx *kit.Tx) error {
		jobs, err := all[ImportJob](tx, KindImportJob)
		for _, j := range jobs {
			if j.CampaignID == campaign {
				out = append(out, j.importAnswer)
			}
		}
		return err
	})
	return out, err
}
