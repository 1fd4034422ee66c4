package service

import (
	"context"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// step is what a forwarded RPC needs beside its route: checks with our field names before anything is sent, values in their one form.
// It may change f.request, and answer by itself.
type step func(ctx context.Context, f *forward) error

// steps are those of every RPC that has one.
var steps = map[string]step{
	"CreateCall":               on(createCall),
	"UpdateCallCustomerFlags":  on(someFlag),
	"ReplaceCallCustomerFlags": on(replaceFlags),
	"UpdateCallEndUser": on(func(f *forward, r *leadmuxv1.UpdateCallEndUserRequest) error {
		return f.e164("phone", &r.Phone)
	}),

	"CreateChat":               on(createChat),
	"SendSms":                  on(sendSms),
	"GetChat":                  getChat,
	"UpdateChat":               on(updateChat),
	"ResumeChat":               resumeChat,
	"SendChatMessage":          sendChatMessage,
	"UpdateChatEscalation":     on(updateEscalation),
	"AddChatPhotos":            on(addPhotos),
	"UpdateChatCustomerFlags":  on(someFlag),
	"ReplaceChatCustomerFlags": on(replaceFlags),
	"UpdateChatEndUser": on(func(f *forward, r *leadmuxv1.UpdateChatEndUserRequest) error {
		return f.e164("phone", &r.Phone)
	}),
	// What is only there to be checked is not sent.
	"CreateChatPhotoUpload": on(func(_ *forward, r *leadmuxv1.CreateChatPhotoUploadRequest) error {
		r.ContentType, r.SizeBytes = "", 0
		return nil
	}),
	"CreateChatVideoUpload": on(func(_ *forward, r *leadmuxv1.CreateChatVideoUploadRequest) error {
		r.ContentType, r.SizeBytes = "", 0
		return nil
	}),

	"UpsertEndUser": on(upsertEndUser),
	"GetEndUser":    on(endUserBy),
	"ListWaitTimes": on(waitRange),

	"AddCampaignContact":    on(addContact),
	"UpdateCampaignContact": on(updateContact),
	"RemoveCampaignContact": on(func(f *forward, r *leadmuxv1.RemoveCampaignContactRequest) error {
		return f.e164("phone_number", &r.PhoneNumber)
	}),
	"ImportCampaignContacts": on(contactsFile),

	"ListAgents":             on(agentFilter),
	"UpdateAgentStatuses":    on(func(_ *forward, r *leadmuxv1.UpdateAgentStatusesRequest) error { return someAgents(r) }),
	"GetAgentStatuses":       on(func(_ *forward, r *leadmuxv1.GetAgentStatusesRequest) error { return someAgents(r) }),
	"ForceLogoutAgents":      on(logoutTargets),
	"CreateAgentImport":      on(newAgentsFile),
	"ReplaceAgentImportFile": on(otherAgentsFile),

	"AddDoNotCallNumbers":    on(addDoNotCall),
	"RemoveDoNotCallNumbers": on(removeDoNotCall),
	"CheckDoNotCallNumber": on(func(f *forward, r *leadmuxv1.CheckDoNotCallNumberRequest) error {
		return f.e164("phone_number", &r.PhoneNumber)
	}),

	"ImportQueueSettings":    on(queueSettingsFile),
	"CreateContactList":      on(createContactList),
	"UpdateContactList":      on(updateContactList),
	"AddContactListEntry":    on(addEntry),
	"UpdateContactListEntry": on(updateEntry),

	"CreateVendorWebhook": on(createVendorWebhook),
	"ListVendorWebhooks":  on(listVendorWebhooks),
}

// on is a step for the requests of one RPC. At an account that has no such RPC it checks nothing: that is what the caller is told.
func on[R proto.Message](check func(f *forward, request R) error) step {
	return func(_ context.Context, f *forward) error {
		forwarder, has := f.account.Adapter.(adapters.Forwarder)
		if !has || !forwarder.Forwards(string(f.method.Name())) {
			return nil
		}
		request, ok := f.request.(R)
		if !ok {
			return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_INTERNAL, "the step of %s is for another request", f.method.Name())
		}
		return check(f, request)
	}
}
