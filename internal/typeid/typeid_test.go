package typeid

import (
	"testing"

	"github.com/google/uuid"
)

func TestFormIsTheTypeIDForm(t *testing.T) {
	// The example of the TypeID specification.
	id := uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
	if got := Lead + encode(id); got != "lead_01h455vb4pex5vsknk084sn02q" {
		t.Fatalf("got %s", got)
	}
	back, err := UUID(Lead, "lead_01h455vb4pex5vsknk084sn02q")
	if err != nil || back != id {
		t.Fatalf("got %s, %v", back, err)
	}
}

func TestRoundTripAndOrder(t *testing.T) {
	last := ""
	for range 10_000 {
		id := New(Lead)
		u, err := UUID(Lead, id)
		if err != nil || Lead+encode(u) != id {
			t.Fatalf("%s: %v", id, err)
		}
		if id <= last {
			t.Fatalf("%s came after %s", id, last)
		}
		last = id
	}
}

func TestInvalid(t *testing.T) {
	for _, id := range []string{"", "lead_", "op_01h455vb4pex5vsknk084sn02q", "lead_01h455vb4pex5vsknk084sn02", "lead_81h455vb4pex5vsknk084sn02q", "lead_01h455vb4pex5vsknk084sn02u", "lead_01H455VB4PEX5VSKNK084SN02Q"} {
		if _, err := UUID(Lead, id); err == nil {
			t.Errorf("%q was taken", id)
		}
	}
}
