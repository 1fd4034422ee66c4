package service

import (
	"path"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

func waitRange(_ *forward, r *leadmuxv1.ListWaitTimesRequest) error {
	if r.WaitFrom != nil && r.WaitTo != nil && r.GetWaitTo() < r.GetWaitFrom() {
		return rpcerr.Invalid("wait_to", "must not be less than wait_from")
	}
	return nil
}

func upsertEndUser(f *forward, r *leadmuxv1.UpsertEndUserRequest) error {
	user := r.GetEndUser()
	user.Id = ""
	if user.GetIdentifier() == "" {
		return rpcerr.Invalid("end_user.identifier", "is needed: the person is written under it")
	}
	if err := emailAddress("end_user.email", user.GetEmail()); err != nil {
		return err
	}
	return f.e164("end_user.phone", &user.Phone)
}

func endUserBy(_ *forward, r *leadmuxv1.GetEndUserRequest) error {
	if (r.GetId() == "") == (r.GetIdentifier() == "") {
		const rule = "give exactly one of id and identifier"
		return rpcerr.Invalid("id", rule).Field("identifier", rule)
	}
	return nil
}

func queueSettingsFile(_ *forward, r *leadmuxv1.ImportQueueSettingsRequest) error {
	if len(r.GetData()) == 0 {
		return rpcerr.Invalid("data", "the file is empty")
	}
	if r.GetFileName() == "" {
		r.FileName = "settings.zip"
	}
	if extension := strings.ToLower(path.Ext(r.GetFileName())); extension != ".zip" && extension != ".json" {
		return rpcerr.Invalid("file_name", "must end in .zip or .json")
	}
	if r.GetEmail() == "" {
		return rpcerr.Invalid("email", "is needed: the import is done in the name of a user of the contact centre")
	}
	return emailAddress("email", r.GetEmail())
}

func createContactList(_ *forward, r *leadmuxv1.CreateContactListRequest) error {
	r.ContactList.ContactListId = ""
	if r.GetContactList().GetName() == "" {
		return rpcerr.Invalid("contact_list.name", "is needed")
	}
	return nil
}

func updateContactList(_ *forward, r *leadmuxv1.UpdateContactListRequest) error {
	return only(r.GetContactList(), "contact_list", r.GetUpdateMask(), "contact_list_id", "name")
}

func addEntry(f *forward, r *leadmuxv1.AddContactListEntryRequest) error {
	r.Entry.EntryId = ""
	if r.GetEntry().GetPhoneNumber() == "" {
		return rpcerr.Invalid("entry.phone_number", "is needed")
	}
	return f.e164("entry.phone_number", &r.Entry.PhoneNumber)
}

func updateEntry(f *forward, r *leadmuxv1.UpdateContactListEntryRequest) error {
	if err := only(r.GetEntry(), "entry", r.GetUpdateMask(), "entry_id", "name", "phone_number"); err != nil {
		return err
	}
	return f.e164("entry.phone_number", &r.Entry.PhoneNumber)
}

// only leaves in a resource its ID and the fields that the mask names, all that are set without one. It refuses a request without ID,
// one that changes nothing, a field that cannot be changed, and one that would be cleared, for which no vendor has a documented way.
func only(resource proto.Message, name string, mask *fieldmaskpb.FieldMask, id protoreflect.Name, changeable ...string) error {
	m := resource.ProtoReflect()
	fields := m.Descriptor().Fields()
	if m.Get(fields.ByName(id)).String() == "" {
		return rpcerr.Invalid(name+"."+string(id), "is needed")
	}
	var named []string
	for _, path := range mask.GetPaths() {
		if field, _, _ := strings.Cut(path, "."); field != string(id) {
			named = append(named, field)
		}
	}
	if len(mask.GetPaths()) == 0 {
		m.Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			if f.Name() != id {
				named = append(named, string(f.Name()))
			}
			return true
		})
		slices.Sort(named)
	}
	for _, path := range named {
		switch {
		case !slices.Contains(changeable, path):
			return rpcerr.Invalid(name+"."+clip(path), "cannot be changed; %s can", strings.Join(changeable, ", "))
		case !m.Has(fields.ByName(protoreflect.Name(path))):
			return rpcerr.Invalid(name+"."+path, "cannot be cleared: the vendor has no documented way")
		}
	}
	if len(named) == 0 {
		return rpcerr.Invalid(name, "names nothing to change; %s can be", strings.Join(changeable, ", "))
	}
	m.Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if f.Name() != id && !slices.Contains(named, string(f.Name())) {
			m.Clear(f)
		}
		return true
	})
	return nil
}

// clip shortens a text of the caller's for an error.
func clip(text string) string {
	const longest = 100
	if len(text) > longest {
		return strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}
