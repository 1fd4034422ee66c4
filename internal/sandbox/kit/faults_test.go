package kit_test

import (
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

func TestFaultsApplyInOrderAndRunOut(t *testing.T) {
	r := newRig(t)
	err := r.faults.Add(
		kit.Fault{Method: "GET", Status: 418},
		kit.Fault{Path: "/other", Status: 418},
		kit.Fault{Path: "/thing", Exact: true, Status: 418},
		kit.Fault{Method: "post", Path: "/thi", Count: 2, Status: 500},
		kit.Fault{Path: "/things", Exact: true, Status: 501},
		kit.Fault{Count: -1, Status: 502},
	)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{500, 500, 501, 502, 502, 502} {
		if got, _, _, err := r.post(t.Context(), "x"); err != nil || got != want {
			t.Errorf("answer %d = %d, %v, want %d", i, got, err, want)
		}
	}
	if left := r.faults.List(); len(left) != 4 || left[3].Count != -1 || left[0].Count != 1 {
		t.Errorf("faults left = %+v", left)
	}
	r.faults.Clear()
	if got, _, _, err := r.post(t.Context(), "x"); err != nil || got != 201 || len(r.faults.List()) != 0 {
		t.Errorf("answer after clearing = %d, %v", got, err)
	}
}

func TestFaultsThatMakeNoSense(t *testing.T) {
	cases := map[string]struct {
		fault kit.Fault
		says  string
	}{
		"nothing":           {kit.Fault{After: true, Count: 3}, "needs one of"},
		"count":             {kit.Fault{Drop: true, Count: -2}, "count"},
		"negative delay":    {kit.Fault{DelayMS: -1}, "delayMs"},
		"endless delay":     {kit.Fault{AnswerDelayMS: 1 << 30}, "answerDelayMs"},
		"status":            {kit.Fault{Status: 101}, "200 to 599"},
		"body alone":        {kit.Fault{Body: "x"}, "body needs a status"},
		"drop with status":  {kit.Fault{Drop: true, Status: 500}, "drop sends no answer"},
		"drop and truncate": {kit.Fault{Drop: true, Truncate: true}, "drop sends no answer"},
		"late drop":         {kit.Fault{Drop: true, AnswerDelayMS: 1}, "drop sends no answer"},
		"nothing to cut":    {kit.Fault{Truncate: true, Status: 500, Body: "x"}, "two bytes"},
		"exact":             {kit.Fault{Drop: true, Exact: true}, "exact needs a path"},
		"path":              {kit.Fault{Drop: true, Path: "x"}, "start with /"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var f kit.Faults
			err := f.Add(kit.Fault{Drop: true}, c.fault)
			wantErr(t, err, "fault 1", c.says)
			if len(f.List()) != 0 {
				t.Error("a refused list was added in part")
			}
		})
	}
}

func TestDecodeStrict(t *testing.T) {
	type inner struct {
		B int `json:"b"`
	}
	type target struct {
		A     string           `json:"a,omitempty"`
		Inner map[string]inner `json:"inner"`
		Plain bool
		none  int
	}
	cases := map[string]string{
		`{"a":"x","inner":{"k":{"b":1}},"Plain":true}`: "",
		`{"A":"x"}`:               `unknown key "A"; allowed: a, inner, Plain`,
		`{"none":1}`:              `unknown key "none"`,
		`{"inner":{"k":{"c":1}}}`: `unknown field "c"`,
		`{"a":1}`:                 "cannot unmarshal number",
		`{"a":"x"} {}`:            "JSON object",
		`[]`:                      "JSON object",
		`null`:                    "JSON object",
		``:                        "JSON object",
	}
	for raw, says := range cases {
		var got target
		err := kit.DecodeStrict([]byte(raw), &got)
		switch {
		case says == "" && err != nil:
			t.Errorf("%s: %v", raw, err)
		case says != "" && (err == nil || !strings.Contains(err.Error(), says)):
			t.Errorf("%s: %v, want %q", raw, err, says)
		}
		_ = got.none
	}
}
