package ujet

import (
	"net/http"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Worker is what jobs have in common: the vendor's workers take one step of a job after another, each
// some seconds after the one before.
type Worker struct {
	// Due is when the next step is done; nil means that nothing is left to do.
	Due *time.Time `json:"due,omitempty"`
}

func (w *Worker) worker() *Worker { return w }

// jobOf is one kind of job.
type jobOf[T any] interface {
	*T
	worker() *Worker
	// step does the job's next step and says whether another one follows.
	step(e *Emulator, tx *kit.Tx) (more bool, err error)
}

// begin gives a job to the workers.
func (e *Emulator) begin(w *Worker) {
	due := e.now().Add(time.Duration(e.settings.Get().JobSeconds * float64(time.Second)))
	w.Due = &due
}

// runJobs takes the steps that are due of all jobs; with force the next one of each.
func (e *Emulator) runJobs(tx *kit.Tx, force bool) error {
	if err := runKind[BulkJob](e, tx, KindBulkJob, force); err != nil {
		return err
	}
	if err := runKind[ImportJob](e, tx, KindImportJob, force); err != nil {
		return err
	}
	return runKind[LogoutJob](e, tx, KindLogoutJob, force)
}

func runKind[T any, P jobOf[T]](e *Emulator, tx *kit.Tx, kind string, force bool) error {
	jobs, err := numbered[T](tx, kind)
	if err != nil {
		return err
	}
	for id, v := range jobs {
		job := P(&v)
		if job.worker().Due == nil {
			continue
		}
		for force || job.worker().Due != nil && !job.worker().Due.After(e.now()) {
			more, err := job.step(e, tx)
			if err != nil {
				return err
			}
			job.worker().Due = nil
			if more {
				e.begin(job.worker())
			}
			if force {
				break
			}
		}
		if err := tx.Put(kind, key(id), v); err != nil {
			return err
		}
	}
	return nil
}

// workersFirst lets the workers do what is due before a request is looked at.
func (e *Emulator) workersFirst(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		due := false
		err := e.ledger.View(func(tx *kit.Tx) error {
			for _, kind := range []string{KindBulkJob, KindImportJob, KindLogoutJob} {
				jobs, err := all[Worker](tx, kind)
				if err != nil {
					return err
				}
				for _, j := range jobs {
					due = due || j.Due != nil && !j.Due.After(e.now())
				}
			}
			return nil
		})
		if err == nil && due {
			err = e.ledger.Update(func(tx *kit.Tx) error { return e.runJobs(tx, false) })
		}
		if err != nil {
			e.log.Error("ujet emulator's workers failed", "error", err)
		}
		next.ServeHTTP(w, r)
	})
}

// kindJobFile is the hidden ledger kind of the files of jobs, each under its job's kind and number.
const kindJobFile = "_jobFile"

// keepFile stores the file of a job, apart from the job: whoever looks at jobs need not read files.
func keepFile(tx *kit.Tx, kind string, id int64, content []byte) error {
	return tx.Put(kindJobFile, kind+"/"+key(id), content)
}

// jobFile reads it back.
func jobFile(tx *kit.Tx, kind string, id int64) ([]byte, error) {
	var content []byte
	_, err := tx.Get(kindJobFile, kind+"/"+key(id), &content)
	return content, err
}

func (e *Emulator) jobControl() []kit.Route {
	return []kit.Route{{
		Method: http.MethodPost, Path: "/jobs/run", Doc: "Every job that is not done takes its next step now.",
		Handle: func(r *http.Request, _ []byte) (any, error) {
			if _, err := kit.Query(r); err != nil {
				return nil, err
			}
			return struct{}{}, e.ledger.Update(func(tx *kit.Tx) error { return e.runJobs(tx, true) })
		},
	}}
}
