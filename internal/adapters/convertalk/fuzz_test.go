package convertalk

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"buf.build/go/protovalidate"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/typeid"
)

// Whatever the vendor writes into a refusal, callers see our words only.
func FuzzDecodeShowsOurWordsOnly(f *testing.F) {
	f.Add([]byte(`{"success":false,"code":400,"data":["email must be a valid email","botId bad"]}`))
	f.Add([]byte(`{"success":false,"data":"phone"}`))
	f.Add([]byte(`{"success":"no"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d := decode(vendorhttp.Answer{Status: http.StatusBadRequest, Body: body})
		if d.Message != "" && d.Message != "check the account's bot_id and customer_id" {
			t.Errorf("%q became %q", body, d.Message)
		}
		for _, v := range d.Fields {
			if !strings.HasPrefix(v.GetField(), "lead.") && v.GetField() != "vendor_options.convertalk.agent_id" ||
				v.GetDescription() != "Convertalk does not take this value" {
				t.Errorf("%q names %v", body, v)
			}
		}
	})
}

// Attributes come out under keys that the vendor takes, none twice, and every one that stays away is told.
func FuzzAttributes(f *testing.F) {
	f.Add("City", "city", "Post Code")
	f.Add("Ä", "", "_")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		given := map[string]string{a: "1", b: "2", c: "3"}
		n := &notices{}
		items := n.attributes(given)
		seen := map[string]bool{}
		for _, item := range items {
			if item.Key == "" || vendorKey(item.Key) != item.Key || seen[item.Key] {
				t.Errorf("%q gave key %q", given, item.Key)
			}
			seen[item.Key] = true
		}
		if len(items) < len(given) && len(n.list) == 0 {
			t.Errorf("%q: %d attributes went missing without a warning", given, len(given)-len(items))
		}
	})
}

// Whatever stands in a record, what comes of it is a lead that a caller could have sent, and none is lost for an odd part.
func FuzzListing(f *testing.F) {
	f.Add([]byte(`[{"uuid":"3f0c8a52-9d1e-4b77-8a60-1c2d9be47a10","status":"OPEN","createdAt":"2026-03-04T09:12:44.120Z","profile":{"userDetails":{` +
		`"name":"Amara Nilsson","picture":"https://example.com/a.png","contact":{"email":"amara@example.com","phone":{"number":"701234567","prefix":"46"}},` +
		`"tags":["a"],"attributes":[{"key":"city","value":"Uppsala"}]},"notes":[{"title":"t","description":"d"}]}}]`))
	f.Add([]byte(`[{"uuid":7,"status":null,"updatedAt":1772615564120,"profile":{"userDetails":{"tags":"a,b","attributes":{"x":1}},"notes":["n"]}}]`))
	f.Add([]byte("[null,{\"uuid\":\"\\ud800\"},{\"uuid\":\"\xff\"}]"))
	f.Add([]byte(`null`))
	for _, size := range []int{49, 50, 51, 101, 255, 5000} { // around the limits of our fields
		long := strings.Repeat("ü", size)
		f.Add(fmt.Appendf(nil, `[{"uuid":"u","status":%q,"profile":{"userDetails":{"name":"%[1]s %[1]s","picture":"https://example.com/%[1]s",`+
			`"contact":{"email":"%[1]s@example.com"},"tags":[%[1]q],"attributes":{%[1]q:%[1]q}},"notes":[{"title":%[1]q,"description":%[1]q}]}}]`, long))
		many := strings.TrimSuffix(strings.Repeat("%d,", size), ",")
		numbers := make([]any, size)
		for i := range numbers {
			numbers[i] = i
		}
		many = fmt.Sprintf(many, numbers...)
		f.Add(fmt.Appendf(nil, `[{"uuid":"u","profile":{"userDetails":{"tags":[%s],"attributes":{"x":1}},"notes":[%[1]s]}}]`, many))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		records, err := readPage(envelope{Data: data})
		if err != nil && len(records) > 0 {
			t.Errorf("%d records with error %v", len(records), err)
		}
		for _, r := range records {
			l := r.lead(typeLead)
			if l.VendorLeadID == "" || len(l.VendorLeadID) > maxID || !utf8.ValidString(l.VendorLeadID+l.VendorStatus) {
				t.Errorf("%q has ID %q and status %q", data, l.VendorLeadID, l.VendorStatus)
			}
			if err := protovalidate.Validate(l.Lead); err != nil {
				t.Errorf("%q is no lead of ours: %v", data, err)
			}
			if _, err := proto.Marshal(l.Lead); err != nil {
				t.Errorf("%q cannot be stored: %v", data, err)
			}
			if phone := l.Lead.GetPhone(); phone != "" && !isE164(phone) {
				t.Errorf("%q has phone %q", data, phone)
			}
			for _, at := range []time.Time{l.CreateTime, l.UpdateTime} {
				if !at.IsZero() && timestamppb.New(at).CheckValid() != nil {
					t.Errorf("%q has time %v", data, at)
				}
			}
		}
	})
}

func isE164(phone string) bool {
	return len(phone) > 3 && phone[0] == '+' && strings.Trim(phone[1:], "0123456789") == ""
}

// The way from a lead ID to a uuid and back is the same for every ID, and a random uuid is hardly ever taken for one of ours.
func TestUUIDsTellWhoseTheyAre(t *testing.T) {
	for range 1000 {
		id, now := typeid.New(typeid.Lead), time.Now()
		text, err := vendorUUID(id)
		if err != nil || leadID(text, now) != id || leadID(text, time.Time{}) != id {
			t.Fatalf("%s became %s became %s", id, text, leadID(text, now))
		}
		if got := leadID(text, now.AddDate(-1, 0, 0)); got != "" {
			t.Fatalf("%s was made a year after the record and is taken for its lead", got)
		}
	}
	claimed := 0
	for range 10_000 {
		if leadID(uuid.NewString(), time.Now()) != "" {
			claimed++
		}
	}
	if claimed > 100 {
		t.Errorf("%d of 10000 random uuids look like ours", claimed)
	}
	for _, text := range []string{"", "x", "01A1B2C3-D4E5-4A77-8A60-1C2D9BE47A10", "{01a1b2c3-d4e5-4a77-8a60-1c2d9be47a10}", "01a1b2c3-d4e5-7a77-8a60-1c2d9be47a10", "01a1b2c3-d4e5-4a77-ca60-1c2d9be47a10"} {
		if got := leadID(text, time.Time{}); got != "" {
			t.Errorf("%q is taken for %s", text, got)
		}
	}
}
