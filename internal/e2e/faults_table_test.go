package e2e_test

import (
	"strings"

	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// outcome is one row of docs/ENGAGEMENT-STATES.md: what becomes of an engagement when a vendor misbehaves.
type outcome struct {
	fault   fault
	vendors []string
	state   string // without its prefix
	reason  string // of the engagement's error; empty for none
	follows follows
}

// follows is what comes after, in the words of the document.
type follows string

const (
	comes   follows = "The answer is awaited, longer than the caller waits: `ACTIVE` when it comes."
	again   follows = "Sent again on the schedule; `ACTIVE` once the vendor is well."
	upsert  follows = "It may have arrived. Sent again, because the vendor updates under our ID: one record, `ACTIVE`."
	ours    follows = "It may have arrived. Sent again; Verse's 409 then shows that it did: `ACTIVE` with the warning `VENDOR_ID_PENDING`."
	anew    follows = "It may have arrived. Sent again: it had not, so it is created now, `ACTIVE`."
	final   follows = "Final; nothing more is sent."
	stopped follows = "Final for this lead. The account is stopped: later leads wait as `QUEUED`, `ACCOUNT_STOPPED`, until a good TestAccount."
	waits   follows = "The account is stopped; this lead and later ones wait, and are sent after a good TestAccount."
	later   follows = "Sent again after 15 to 60 minutes."
)

// fault is a misbehaviour, in the words of the document.
type fault string

const (
	down       fault = "cannot be connected to"
	slow       fault = "answers later than the caller waits"
	silent     fault = "does not answer within 30 s"
	lost       fault = "takes the lead and breaks the connection without an answer"
	limited    fault = "answers 429 with `Retry-After`"
	failsFirst fault = "answers 500 and has not taken the lead"
	failsAfter fault = "takes the lead and answers 500"
	halfBody   fault = "takes the lead and sends half of its answer"
	html       fault = "answers 200 with an HTML page and has not taken the lead"
	password   fault = "answers 401: our credentials are wrong"
	stranger   fault = "answers 409: it has the person, and not from us"
	refuses    fault = "answers 400 or 422: it does not take a value"
	noPath     fault = "answers 404: it does not know the path"
	onHold     fault = "has put the account on hold"
	closed     fault = "takes no leads at this time of day"
)

var (
	allFour   = harness.VendorNames()
	notVerse  = []string{harness.Conversica, harness.Convertalk, harness.UJET}
	onlyVerse = []string{harness.Verse}
)

// outcomes is the one table that the tests check the service against and the document is checked against.
var outcomes = []outcome{
	{down, allFour, "QUEUED", "VENDOR_UNAVAILABLE", again},
	{slow, allFour, "SENDING", "", comes},
	{silent, notVerse, "QUEUED", "VENDOR_TIMEOUT", upsert},
	{silent, onlyVerse, "QUEUED", "VENDOR_TIMEOUT", anew},
	{lost, notVerse, "QUEUED", "VENDOR_UNAVAILABLE", upsert},
	{lost, onlyVerse, "QUEUED", "VENDOR_UNAVAILABLE", ours},
	{limited, allFour, "QUEUED", "VENDOR_RATE_LIMITED", again},
	{failsFirst, notVerse, "QUEUED", "VENDOR_UNAVAILABLE", upsert},
	{failsFirst, onlyVerse, "QUEUED", "VENDOR_UNAVAILABLE", anew},
	{failsAfter, notVerse, "QUEUED", "VENDOR_UNAVAILABLE", upsert},
	{failsAfter, onlyVerse, "QUEUED", "VENDOR_UNAVAILABLE", ours},
	{halfBody, notVerse, "QUEUED", "VENDOR_ANSWER_UNREADABLE", upsert},
	{halfBody, onlyVerse, "QUEUED", "VENDOR_ANSWER_UNREADABLE", ours},
	{html, notVerse, "QUEUED", "VENDOR_ANSWER_UNREADABLE", upsert},
	{html, onlyVerse, "QUEUED", "VENDOR_ANSWER_UNREADABLE", anew},
	{password, allFour, "REJECTED", "VENDOR_CREDENTIALS_REFUSED", stopped},
	{stranger, allFour, "REJECTED", "DUPLICATE_AT_VENDOR", final},
	{refuses, allFour, "REJECTED", "VENDOR_REFUSED", final},
	{noPath, allFour, "REJECTED", "VENDOR_ROUTE_UNKNOWN", stopped},
	{onHold, onlyVerse, "QUEUED", "VENDOR_ACCOUNT_ON_HOLD", waits},
	{closed, onlyVerse, "QUEUED", "VENDOR_INTAKE_CLOSED", later},
}

const page = "<!DOCTYPE html><html><body><h1>Welcome</h1></body></html>"

var asHTML = map[string]string{"Content-Type": "text/html; charset=utf-8"}

// plans are the faults that an emulator can be told to have. Where one attempt is enough to show the fault, the next is held
// up, so that what stands in between can be seen.
var plans = map[fault][]kit.Fault{
	slow:       {{AnswerDelayMS: 1200}},
	lost:       {{Drop: true, After: true, Count: -1}},
	limited:    {{Status: 429, Header: map[string]string{"Retry-After": "1"}}},
	failsFirst: {{Status: 500, Body: `{"message":"Internal server error"}`, Count: -1}},
	failsAfter: {{Status: 500, After: true, Count: -1}},
	halfBody:   {{Truncate: true}, {DelayMS: 800}},
	html:       {{Status: 200, Body: page, Header: asHTML, Count: -1}},
	password:   {{Status: 401, Body: `{"message":"Unauthorized"}`, Count: -1}},
	stranger:   {{Status: 409, Body: `{"message":"Conflict"}`, Count: -1}},
	refuses:    {{Status: 400, Body: `{"message":"Bad Request"}`, Count: -1}},
	noPath:     {{Status: 404, Body: `{"message":"Not Found"}`, Count: -1}},
}

// vendorTitles are the vendors' names as the document writes them.
var vendorTitles = map[string]string{
	harness.Verse: "Verse", harness.UJET: "UJET", harness.Conversica: "Conversica", harness.Convertalk: "Convertalk",
}

// titles are vendors as the document names them.
func titles(vendors []string) string {
	if len(vendors) == len(allFour) {
		return "all four"
	}
	var names []string
	for _, v := range vendors {
		names = append(names, vendorTitles[v])
	}
	return strings.Join(names, ", ")
}

// row is the outcome as a row of the document's first table.
func (o outcome) row() string {
	reason := "–"
	if o.reason != "" {
		reason = "`" + o.reason + "`"
	}
	return "| " + strings.Join([]string{string(o.fault), titles(o.vendors), "`" + o.state + "`", reason, string(o.follows)}, " | ") + " |"
}
