// Package failpoint names the places where a kill -9 is hardest to bear, so that a test can let the process die exactly there.
//
// It does something only in a build with the tag failpoints (`make crash` makes one). Such a process reads LEADMUX_FAILPOINTS, for
// example "attempt-marked:3": it kills itself when it comes to that place for the third time. Several, apart by commas, are
// armed together. In every other build the functions are empty, and the compiler leaves nothing of them.
//
// Any package may call it. What belongs to a place stands in the table below; the crash tests prove that each is reached.
package failpoint

// Point is the name of a place.
type Point string

// The places, in the order in which a lead comes by them.
const (
	RequestDecoded     Point = "request-decoded"
	SlotTaken          Point = "slot-taken"
	KeyClaimed         Point = "key-claimed"
	BatchWritten       Point = "batch-written"
	BatchCommitted     Point = "batch-committed"
	Accepted           Point = "accepted"
	OperationTaken     Point = "operation-taken"
	AttemptMarked      Point = "attempt-marked"
	RequestHalfWritten Point = "request-half-written"
	AnswerComing       Point = "answer-coming"
	AnswerRead         Point = "answer-read"
	OutcomeWritten     Point = "outcome-written"
	OutcomeStored      Point = "outcome-stored"
	AnswerSent         Point = "answer-sent"
	OneRepaired        Point = "one-repaired"
	WebhookVerified    Point = "webhook-verified"
	WebhookStored      Point = "webhook-stored"
	OutboundSent       Point = "outbound-webhook-sent"
	OptOutPartlyTold   Point = "opt-out-partly-told"
)

// Place is a Point with what is done by then, and what is not.
type Place struct {
	Point Point
	Done  string
	Open  string
}

// Places is the table of all places.
func Places() []Place {
	return []Place{
		{RequestDecoded, "a call was read, its caller known, its values checked", "nothing is stored"},
		{SlotTaken, "a rate slot was taken", "what goes out in it is not marked"},
		{KeyClaimed, "within the transaction of a call, its request_id is claimed", "nothing is committed"},
		{BatchWritten, "the changes of all who wait are in one transaction of the index", "it is not committed"},
		{BatchCommitted, "that transaction is committed", "nobody who waits for it knows"},
		{Accepted, "lead, operations, event and request_id are durable", "no byte went out, the caller has no answer"},
		{OperationTaken, "a waiting operation was chosen", "its attempt is not marked"},
		{AttemptMarked, "the attempt is marked, durably", "no byte went out"},
		{RequestHalfWritten, "half of the request is on its way to the vendor", "the other half is not"},
		{AnswerComing, "the vendor has done it and begun to answer", "the answer is not read"},
		{AnswerRead, "the answer is read", "nothing of it is stored"},
		{OutcomeWritten, "within a transaction, vendor ID, state, events and operation are written", "nothing is committed"},
		{OutcomeStored, "that transaction is committed", "who waits for the lead was not woken"},
		{AnswerSent, "the answer to the caller has left (REST only)", "the connection is open"},
		{WebhookVerified, "a vendor's delivery is read and proved to be the vendor's", "nothing of it is stored"},
		{WebhookStored, "a vendor's delivery is durable", "the vendor has no answer"},
		{OutboundSent, "an endpoint of a subscription has answered", "the outcome is not stored"},
		{OptOutPartlyTold, "within the transaction of an opt-out, one vendor's telling is written", "the others' are not, nothing is committed"},
		{OneRepaired, "at the start, one cut-off attempt is settled", "the others are not"},
	}
}
