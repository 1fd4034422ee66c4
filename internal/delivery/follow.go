package delivery

import (
	"slices"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

const (
	// followJob is how long a job is followed at most; vendors do not say how long one takes.
	followJob = 24 * time.Hour
	// followContact is how long it is followed what becomes of a lead in a campaign.
	followContact = 30 * 24 * time.Hour
	// followMisses is how many times in a row the vendor may not find what is followed.
	followMisses = 5
	// followPause is the longest pause between two looks at something that does not change.
	followPause = 5 * time.Minute
)

// job is work that a vendor does in the background.
type job struct {
	read  string               // the RPC that reads it
	rests []leadmuxv1.JobState // where it waits for its caller, beside its ends
}

// checked is where an import of agents waits after its file was looked at: for its start, or for a better file.
var checked = []leadmuxv1.JobState{leadmuxv1.JobState_JOB_STATE_VALID_SCHEME, leadmuxv1.JobState_JOB_STATE_INVALID_SCHEME}

// jobs are the RPCs that begin one, or let one go on. Imports and restorations of queue settings have no RPC that reads them.
var jobs = map[string]job{
	"CreateAgentImport":      {"GetAgentImport", checked},
	"ReplaceAgentImportFile": {"GetAgentImport", checked},
	"StartAgentImport":       {"GetAgentImport", nil},
	"ImportCampaignContacts": {"GetCampaignImport", nil},
	"ForceLogoutAgents":      {"GetForceLogoutJob", nil},
}

// isOver says whether nothing more becomes of a job by itself.
func (j job) isOver(state leadmuxv1.JobState) bool {
	return state == leadmuxv1.JobState_JOB_STATE_FINISHED || state == leadmuxv1.JobState_JOB_STATE_FAILED || slices.Contains(j.rests, state)
}

// listContacts is the RPC that reads what became of the contacts of a campaign.
const listContacts = "ListCampaignContacts"

// refCampaign is the name under which an engagement keeps the campaign that its lead is in (vendor_refs).
const refCampaign = "campaign_id"

// follows says whether anything of the account is followed by an RPC.
func (d *Dispatcher) follows(account *adapters.Account, rpc string) bool {
	forwarder, ok := account.Adapter.(adapters.Forwarder)
	return ok && d.follow[account.Name] > 0 && forwarder.Forwards(rpc)
}

// follow keeps the job that a write began, in the write's own transaction.
func (in *intake) follow(answer protoreflect.Message) error {
	begun, ok := jobs[in.p.rpc()]
	if !ok || !in.d.follows(in.p.Account, begun.read) {
		return nil
	}
	shown := jobIn(answer)
	if shown.id == "" || begun.isOver(shown.state) {
		return nil
	}
	return in.tx.PutFollowed(in.p.Tenant, idmap.Followed{
		Account: in.p.Account.Name, Method: begun.read, CampaignID: textOf(in.p.Request.ProtoReflect(), "campaign_id"), ID: shown.id,
		State: shown.state, Status: shown.status, StartedBy: in.p.rpc(), OperationID: in.op.GetOperationId(), Since: in.d.now(),
	})
}

// follow keeps the lead that came into a campaign with its creation, in the transaction of that.
func (s *settling) follow() error {
	campaign := s.e.GetVendorRefs()[refCampaign]
	if campaign == "" || s.leaving || !methodOf(s.op).opens || !s.d.follows(s.account, listContacts) {
		return nil
	}
	s.follows = true
	return s.tx.PutFollowed(s.tenant, idmap.Followed{
		Account: s.account.Name, Method: listContacts, CampaignID: campaign, ID: s.lead.GetLeadId(),
		Status: s.e.GetVendorStatus(), StartedBy: s.op.GetMethod(), OperationID: s.op.GetOperationId(), Since: s.d.now(),
	})
}

// shownJob is a job as an answer shows it.
type shownJob struct {
	id, status              string
	state                   leadmuxv1.JobState
	total, affected, failed int32
}

// jobIn finds the job in an answer; the zero value when there is none.
func jobIn(answer protoreflect.Message) (shown shownJob) {
	answer.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if f.Message() == nil || f.IsList() || f.IsMap() || f.Message().Fields().ByName("job_id") == nil {
			return true
		}
		m := v.Message()
		shown = shownJob{
			id: textOf(m, "job_id"), status: adapters.Clip(textOf(m, "status"), 100),
			total: rowsOf(m, "total_rows"), affected: rowsOf(m, "affected_rows"), failed: rowsOf(m, "failed_rows"),
		}
		if f := m.Descriptor().Fields().ByName("state"); f != nil && f.Enum() != nil {
			shown.state = leadmuxv1.JobState(m.Get(f).Enum())
		}
		return false
	})
	return shown
}

// textOf is a text field of a message; empty when it has no such field.
func textOf(m protoreflect.Message, name protoreflect.Name) string {
	f := m.Descriptor().Fields().ByName(name)
	if f == nil || f.Kind() != protoreflect.StringKind || f.IsList() {
		return ""
	}
	return m.Get(f).String()
}

func rowsOf(m protoreflect.Message, name protoreflect.Name) int32 {
	f := m.Descriptor().Fields().ByName(name)
	if f == nil || f.Kind() != protoreflect.Int32Kind {
		return 0
	}
	return int32(m.Get(f).Int())
}
