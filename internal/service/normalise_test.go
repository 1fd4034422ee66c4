package service_test

import (
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/service"
)

// previewed is a lead as it would be stored.
func (r *rig) previewed(lead *leadmuxv1.Lead) (*leadmuxv1.Lead, error) {
	response, err := r.CreateLead(r.ctx, &leadmuxv1.CreateLeadRequest{Lead: lead, Accounts: []string{"west"}, ValidateOnly: true})
	return response.GetLead(), err
}

// phones are numbers as people write them, by region; "" is none.
var phones = []struct {
	region, written, stored string
	warned                  bool // the plan does not give it out
}{
	{"US", "+14155550142", "+14155550142", false},
	{"US", "(415) 555-0142", "+14155550142", false},
	{"US", "  415.555.0142\n", "+14155550142", false},
	{"US", "1-415-555-0142", "+14155550142", false},
	{"US", "tel:+1-415-555-0142", "+14155550142", false},
	{"US", "４１５５５５０１４２", "+14155550142", false},
	{"US", "011 44 20 7946 0018", "+442079460018", false},
	{"US", "+44 20 7946 0018", "+442079460018", false},
	{"US", "+39 06 1234567", "+39061234567", false}, // the zero belongs to the number
	{"US", "1-800-FLOWERS", "+18003569377", false},
	{"US", "+1 055 555 0142", "+10555550142", true},
	{"GB", "020 7946 0018", "+442079460018", false},
	{"GB", "+1 415 555 0142", "+14155550142", false},
	{"GB", "0044 20 7946 0018", "+442079460018", false},
	{"GB", "4155550142", "+444155550142", true},
	{"DE", "030 901820", "+4930901820", false},
	{"DE", "0049 30 901820", "+4930901820", false},

	{"US", "555-0142", "", false}, // area code missing: in E.164 that would be another number
	{"US", "911", "", false},
	{"US", "415 555 014", "", false},
	{"US", "+1 415 555 01422", "", false},
	{"US", "+999 123 4567", "", false},
	{"US", "not a number", "", false},
	{"US", "ada@example.com", "", false},
	{"US", "415 555 0142 / 415 555 0143", "", false},
	{"US", "+", "", false},
	{"US", "call 415 555 0142 now", "", false},
}

func TestPhonesAreStoredInE164(t *testing.T) {
	for _, p := range phones {
		t.Run(p.region+" "+p.written, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(cfg *service.Config) { cfg.Region = p.region })
				lead, err := r.previewed(&leadmuxv1.Lead{FirstName: "Ada", Phone: p.written})
				if p.stored == "" {
					refused(t, err, codes.InvalidArgument, "INVALID_FIELD", "lead.phone")
					return
				}
				if err != nil || lead.GetPhone() != p.stored {
					t.Fatalf("%q, %v; want %q", lead.GetPhone(), err, p.stored)
				}
				if warned := len(lead.GetWarnings()) > 0; warned != p.warned {
					t.Errorf("warnings %v", lead.GetWarnings())
				}
			})
		})
	}
}

func TestEachPhoneIsLookedAt(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		const good, odd, bad = "415 555 0142", "+1 055 555 0142", "12"
		for field, set := range map[string]func(*leadmuxv1.Lead, string){
			"lead.home_phone":  func(l *leadmuxv1.Lead, phone string) { l.HomePhone = phone },
			"lead.work_phone":  func(l *leadmuxv1.Lead, phone string) { l.WorkPhone = phone },
			"lead.owner.phone": func(l *leadmuxv1.Lead, phone string) { l.Owner = &leadmuxv1.Owner{Phone: phone} },
		} {
			lead := &leadmuxv1.Lead{FirstName: "Ada", Email: "ada@example.com"}
			set(lead, bad)
			_, err := r.previewed(lead)
			refused(t, err, codes.InvalidArgument, "INVALID_FIELD", field)

			set(lead, odd)
			got, err := r.previewed(lead)
			if err != nil || len(got.GetWarnings()) != 1 || got.GetWarnings()[0].GetField() != field || got.GetWarnings()[0].GetCode() != "PHONE_NOT_IN_PLAN" {
				t.Errorf("%s: warnings %v, %v", field, got.GetWarnings(), err)
			}

			set(lead, good)
			want := proto.CloneOf(lead)
			set(want, "+14155550142")
			got, err = r.previewed(lead)
			if err != nil || got.GetHomePhone() != want.GetHomePhone() || got.GetWorkPhone() != want.GetWorkPhone() || got.GetOwner().GetPhone() != want.GetOwner().GetPhone() {
				t.Errorf("%s: %v, %v", field, got, err)
			}
		}
	})
}

func TestALeadNeedsAPhoneOrAnEmail(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		for name, lead := range map[string]*leadmuxv1.Lead{
			"nothing":     {FirstName: "Ada"},
			"blanks":      {FirstName: "Ada", Phone: "  ", Email: "\t"},
			"home phone":  {FirstName: "Ada", HomePhone: "4155550142"},
			"owner email": {FirstName: "Ada", Owner: &leadmuxv1.Owner{Email: "sales@example.com"}},
		} {
			_, err := r.previewed(lead)
			t.Log(name)
			refused(t, err, codes.InvalidArgument, "INVALID_FIELD", "lead.phone", "lead.email")
		}
	})
}

func TestEmailsAreBareAddresses(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		for written, stored := range map[string]string{
			"ada@example.com": "ada@example.com", " Ada.Byron+x@Example.COM\n": "Ada.Byron+x@Example.COM", "ü@exämple.com": "ü@exämple.com",
			"Ada <ada@example.com>": "", "ada@example.com (home)": "", "ada": "", "ada@": "", "@example.com": "", "ada@localhost": "",
			"ada@example..com": "", "ada@example.com, grace@example.com": "", "ada @example.com": "", "ada@exam ple.com": "",
			"ada@example.com\r\nBcc: grace@example.com": "", "mailto:ada@example.com": "",
		} {
			lead, err := r.previewed(&leadmuxv1.Lead{FirstName: "Ada", Email: written})
			if stored == "" {
				refused(t, err, codes.InvalidArgument, "INVALID_FIELD", "lead.email")
			} else if err != nil || lead.GetEmail() != stored {
				t.Errorf("%q is stored as %q, %v", written, lead.GetEmail(), err)
			}
		}
		_, err := r.previewed(&leadmuxv1.Lead{FirstName: "Ada", Phone: "4155550142", Owner: &leadmuxv1.Owner{Email: "sales"}})
		refused(t, err, codes.InvalidArgument, "INVALID_FIELD", "lead.owner.email")
	})
}

func TestAddressesAreWebAddresses(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		for address, good := range map[string]bool{
			"https://example.com/ada.png": true, "http://example.com": true, " https://example.com/ada.png ": true, "": true,
			"example.com/ada.png": false, "//example.com/ada.png": false, "ftp://example.com/ada.png": false, "javascript:alert(1)": false,
			"https://": false, "https:///ada.png": false, "https://:443/": false, "https://exam ple.com/": false, "https://example.com/\x00": false,
		} {
			for field, lead := range map[string]*leadmuxv1.Lead{
				"lead.picture":           {FirstName: "Ada", Phone: "4155550142", Picture: address},
				"lead.owner.booking_url": {FirstName: "Ada", Phone: "4155550142", Owner: &leadmuxv1.Owner{BookingUrl: address}},
			} {
				_, err := r.previewed(lead)
				if !good {
					refused(t, err, codes.InvalidArgument, "INVALID_FIELD", field)
				} else if err != nil {
					t.Errorf("%s %q: %v", field, address, err)
				}
			}
		}
	})
}

func TestWhatIsStoredIsTrimmedAndNobodyElses(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		given := &leadmuxv1.Lead{
			ExternalId: " x-1 ", FirstName: "\tAda ", LastName: " Byron\n", Email: " ada@example.com ", Phone: " 4155550142 ", HomePhone: "  ",
			Picture: " https://example.com/a.png ", Source: " web ", Type: " buyer ", Status: " New ", Comment: "  as it is\n",
			Owner:  &leadmuxv1.Owner{OwnerId: " 7 ", FirstName: " Grace ", LastName: " Hopper ", Email: " g@example.com ", Team: " blue ", BookingUrl: " https://example.com/b "},
			LeadId: "lead_forged", Etag: "forged", Engagements: []*leadmuxv1.Engagement{{Account: "west"}}, Warnings: []*leadmuxv1.Warning{{Code: "FORGED"}},
		}
		before := proto.CloneOf(given)
		got := r.create(given)
		if !proto.Equal(given, before) {
			t.Errorf("the request was changed: %v", given)
		}
		if got.GetLeadId() == "lead_forged" || got.GetEtag() == "forged" || len(got.GetEngagements()) != 1 || got.GetEngagements()[0].GetOperationId() == "" {
			t.Errorf("what only the service sets was taken from the caller: %v", got)
		}
		got.LeadId, got.Etag, got.Engagements, got.CreateTime, got.UpdateTime = "", "", nil, nil, nil
		want := &leadmuxv1.Lead{
			ExternalId: "x-1", FirstName: "Ada", LastName: "Byron", Email: "ada@example.com", Phone: "+14155550142",
			Picture: "https://example.com/a.png", Source: "web", Type: "buyer", Status: "New", Comment: "  as it is\n",
			Owner: &leadmuxv1.Owner{OwnerId: "7", FirstName: "Grace", LastName: "Hopper", Email: "g@example.com", Team: "blue", BookingUrl: "https://example.com/b"},
		}
		if !proto.Equal(got, want) {
			t.Errorf("stored\n%v\nwant\n%v", got, want)
		}
	})
}

// A blank phone is none: two leads without one are no duplicates of each other.
func TestBlankPhonesAreNoDuplicates(t *testing.T) {
	inTime(t, func(_ *testing.T, r *rig) {
		r.create(&leadmuxv1.Lead{Email: "ada@example.com", Phone: "  "})
		r.create(&leadmuxv1.Lead{Email: "grace@example.com", Phone: "  "})
	})
}
