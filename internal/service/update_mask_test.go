package service_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

func TestUpdateSetsWhatItsMaskNames(t *testing.T) {
	for name, c := range map[string]struct {
		given *leadmuxv1.Lead
		paths string
		want  func(*leadmuxv1.Lead)
	}{
		"set":              {&leadmuxv1.Lead{FirstName: "Grace", LastName: "Hopper"}, "first_name", func(l *leadmuxv1.Lead) { l.FirstName = "Grace" }},
		"normalised":       {&leadmuxv1.Lead{Phone: " (415) 555-0143 "}, "phone", func(l *leadmuxv1.Lead) { l.Phone = "+14155550143" }},
		"clear":            {&leadmuxv1.Lead{}, "last_name", func(l *leadmuxv1.Lead) { l.LastName = "" }},
		"clear by null":    {&leadmuxv1.Lead{LastName: " "}, "last_name", func(l *leadmuxv1.Lead) { l.LastName = "" }},
		"one contact less": {&leadmuxv1.Lead{}, "email", func(l *leadmuxv1.Lead) { l.Email = "" }},
		"nested":           {&leadmuxv1.Lead{Owner: &leadmuxv1.Owner{Email: "al@example.com", Team: "x"}}, "owner.email", func(l *leadmuxv1.Lead) { l.Owner.Email = "al@example.com" }},
		"nested clear":     {&leadmuxv1.Lead{}, "owner.email", func(l *leadmuxv1.Lead) { l.Owner.Email = "" }},
		"nested new":       {&leadmuxv1.Lead{Address: &leadmuxv1.Address{City: "Ulm"}}, "address.city", func(l *leadmuxv1.Lead) { l.Address = &leadmuxv1.Address{City: "Ulm"} }},
		"nested deep": {&leadmuxv1.Lead{Consent: &leadmuxv1.Consent{Sms: &leadmuxv1.ChannelConsent{State: 1, Source: "form"}}}, "consent.sms.state",
			func(l *leadmuxv1.Lead) { l.Consent = &leadmuxv1.Consent{Sms: &leadmuxv1.ChannelConsent{State: 1}} }},
		"whole message": {&leadmuxv1.Lead{Owner: &leadmuxv1.Owner{Team: "x"}}, "owner", func(l *leadmuxv1.Lead) { l.Owner = &leadmuxv1.Owner{Team: "x"} }},
		"message clear": {&leadmuxv1.Lead{}, "owner", func(l *leadmuxv1.Lead) { l.Owner = nil }},
		"map key":       {&leadmuxv1.Lead{Attributes: map[string]string{"year": "2000", "make": "Audi"}}, "attributes.year", func(l *leadmuxv1.Lead) { l.Attributes["year"] = "2000" }},
		"map key new":   {&leadmuxv1.Lead{Attributes: map[string]string{"a.b": "c"}}, "attributes.a.b", func(l *leadmuxv1.Lead) { l.Attributes["a.b"] = "c" }},
		"map key gone":  {&leadmuxv1.Lead{}, "attributes.year", func(l *leadmuxv1.Lead) { delete(l.Attributes, "year") }},
		"whole map":     {&leadmuxv1.Lead{Attributes: map[string]string{"x": "y"}}, "attributes", func(l *leadmuxv1.Lead) { l.Attributes = map[string]string{"x": "y"} }},
		"map clear":     {&leadmuxv1.Lead{}, "attributes", func(l *leadmuxv1.Lead) { l.Attributes = nil }},
		"list":          {&leadmuxv1.Lead{Tags: []string{"cold", "old"}}, "tags", func(l *leadmuxv1.Lead) { l.Tags = []string{"cold", "old"} }},
		"several":       {&leadmuxv1.Lead{FirstName: "Grace"}, "first_name last_name", func(l *leadmuxv1.Lead) { l.FirstName, l.LastName = "Grace", "" }},
		"no mask":       {&leadmuxv1.Lead{FirstName: "Grace", Owner: &leadmuxv1.Owner{Team: "x"}}, "", func(l *leadmuxv1.Lead) { l.FirstName, l.Owner = "Grace", &leadmuxv1.Owner{Team: "x"} }},
		"odd number": {&leadmuxv1.Lead{Phone: "+12005550142"}, "phone", func(l *leadmuxv1.Lead) {
			l.Phone = "+12005550142"
			l.Warnings = []*leadmuxv1.Warning{{Code: "PHONE_NOT_IN_PLAN", Field: "lead.phone",
				Message: "possible as a phone number, but not one that its country's numbering plan gives out"}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				before := r.give(ada1(), "all")
				given := proto.CloneOf(c.given)
				given.LeadId = before.GetLeadId()
				got := r.updated(given, strings.Fields(c.paths)...)
				if got.GetEtag() == before.GetEtag() || !got.GetUpdateTime().AsTime().After(before.GetUpdateTime().AsTime()) {
					t.Errorf("the etag is still %s", got.GetEtag())
				}
				want := proto.CloneOf(before)
				c.want(want)
				sent := r.all.last()
				for _, l := range []*leadmuxv1.Lead{want, got, sent.in.Lead} {
					l.Engagements, l.Etag, l.UpdateTime = nil, "", nil
				}
				same(t, got, want)
				same(t, sent.in.Lead, want)
				equal(t, "events", r.events("full"), []string{"lead.created", "lead.engagement_changed", "lead.updated"})
			})
		})
	}
}

func TestUpdateRefusesWhatIsNoFieldOrNoLead(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		id := r.give(ada1(), "all").GetLeadId()
		many := map[string]string{}
		for i := range 49 {
			many[fmt.Sprint("k", i)] = "v"
		}
		r.updated(&leadmuxv1.Lead{LeadId: id, Attributes: many, HomePhone: "+14155550177"})
		for name, c := range map[string]struct {
			given  *leadmuxv1.Lead
			paths  string
			fields []string
		}{
			"unknown":            {&leadmuxv1.Lead{}, "nickname", []string{"update_mask"}},
			"unknown within":     {&leadmuxv1.Lead{}, "owner.nickname", []string{"update_mask"}},
			"beneath a text":     {&leadmuxv1.Lead{}, "phone.x", []string{"update_mask"}},
			"beneath a list":     {&leadmuxv1.Lead{}, "notes.title", []string{"update_mask"}},
			"no key":             {&leadmuxv1.Lead{}, "attributes.", []string{"update_mask"}},
			"as in JSON":         {&leadmuxv1.Lead{}, "firstName", []string{"update_mask"}},
			"empty":              {&leadmuxv1.Lead{}, " ", []string{"update_mask"}},
			"one good, one not":  {&leadmuxv1.Lead{FirstName: "X"}, "first_name x", []string{"update_mask"}},
			"no contact left":    {&leadmuxv1.Lead{}, "phone email", []string{"lead.phone", "lead.email"}},
			"no phone":           {&leadmuxv1.Lead{Phone: "12"}, "phone", []string{"lead.phone"}},
			"no e-mail":          {&leadmuxv1.Lead{Email: "x"}, "email", []string{"lead.email"}},
			"no address":         {&leadmuxv1.Lead{Picture: "x"}, "picture", []string{"lead.picture"}},
			"two attributes too": {&leadmuxv1.Lead{Attributes: map[string]string{"x": "1", "y": "2"}}, "attributes.x attributes.y", []string{"lead.attributes"}},
		} {
			c.given.LeadId = id
			paths := strings.Split(c.paths, " ")
			if c.paths == " " {
				paths = []string{""}
			}
			r.nothingNew(func() {
				_, err := r.update(c.given, paths...)
				t.Log(name)
				refused(t, err, codes.InvalidArgument, "INVALID_FIELD", c.fields...)
			})
		}
		_, err := r.update(&leadmuxv1.Lead{LeadId: "lead_x", FirstName: "X"})
		refused(t, err, codes.InvalidArgument, "INVALID_FIELD", "lead.lead_id")
		_, err = r.update(&leadmuxv1.Lead{LeadId: "lead_00000000000000000000000000", FirstName: "X"})
		refused(t, err, codes.NotFound, "LEAD_NOT_FOUND")
		_, err = r.UpdateLead(r.ctx, &leadmuxv1.UpdateLeadRequest{Lead: &leadmuxv1.Lead{LeadId: id, FirstName: "X"}})
		refused(t, err, codes.NotFound, "LEAD_NOT_FOUND")
	})
}

// What only the service sets is passed over, so that a lead that was read can be sent back.
func TestUpdatePassesOverWhatTheServiceSets(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		lead := r.give(ada1(), "all")
		r.nothingNew(func() {
			same(t, r.updated(proto.CloneOf(lead)), lead)
			forged := proto.CloneOf(lead)
			forged.Engagements, forged.CreateTime, forged.UpdateTime = nil, timestamppb.Now(), nil
			forged.Warnings = []*leadmuxv1.Warning{{Code: "X"}}
			same(t, r.updated(forged), lead)
			same(t, r.updated(forged, "engagements", "create_time", "update_time", "warnings", "etag", "lead_id"), lead)
		})
	})
}
