package main

// last is the highest number of a promise.
const last = 32

// promises are worded here, by number. One without a test yet is not on the page.
var promises = map[int]string{
	1:  "A lead that was acknowledged is never lost, wherever and whenever the process dies.",
	2:  "A lead is never created twice at a vendor, whatever we or the vendor do: the vendors' own ledgers say so.",
	3:  "Nothing stays in doubt in silence: after a crash each operation is done, failed, or visibly in doubt, and what the vendor can be asked is settled by itself.",
	4:  "The same request under the same request_id has the same lead for an answer as long as request IDs are kept; another request under it is refused; of a hundred at once one takes effect.",
	5:  "The index is two-way and unique: no vendor ID without its lead, no lead's vendor ID on another one, and a check that finds where this is not so.",
	6:  "Who watches events misses none, sees none twice after having acknowledged it, and none out of its lead's order, over restarts too; a cursor that is too old is told so.",
	7:  "An event reaches its watchers a fraction of a second after it is stored.",
	8:  "A vendor's rate limit is kept as the vendor measures it, over accounts that share it and over restarts.",
	9:  "A backlog at one account does not delay another one, and an opt-out overtakes everything that waits.",
	10: "After an opt-out is stored nothing that could contact the person is sent, by no way and at no vendor; every vendor is told, for as long as it takes; and nothing that comes late undoes it.",
	11: "A webhook is answered with success only once it is durable; repeated and disordered deliveries have one result.",
	12: "A webhook that is forged, altered or replayed changes nothing.",
	13: "What a vendor sends that we do not understand is kept and flagged, never dropped.",
	14: "Webhooks that we send arrive at least once, signed, and can be sent again.",
	15: "No webhook of ours can be made to reach an address that is not public.",
	16: "A stop that was asked for loses nothing: calls under way are answered, new ones refused, the store is closed last.",
	17: "Under overload the rest is refused at once, and memory stays bounded.",
	18: "A hostile client costs other callers nothing: what it sends is bounded before it is read, and unread before its key is known.",
	19: "Every call has a limit, a deadline, rules for its values and a scope; no list is endless.",
	20: "No call without a valid key that has the scope of its RPC; what has no scope is refused to everybody.",
	21: "One tenant never reads, changes, watches or infers what is another's.",
	22: "An API key is stored as a hash only; two may be live for rotation; one that is withdrawn works nowhere any more, at once.",
	23: "No secret and nothing personal is in a log, an error, a metric or the output of a crash.",
	24: "What is personal is encrypted on disk under a key of its own lead; without that key it is unreadable, in every copy.",
	25: "A start is quick, however much is stored.",
	26: "A change of the database's server loses no acknowledged write and doubles nothing at a vendor.",
	27: "A process that was overtaken starts nothing new and overwrites nothing.",
	28: "A configuration that is not safe does not start, and the reason is one clear line.",
	29: "A full disk, a damaged file or a jumping clock leads to no false success.",
	30: "The API breaks no client, and a store of an older release can be opened.",
	31: "A backup is consistent, and what is restored from it doubles nothing at a vendor.",
	32: "The binary can be built again to the same bytes, and what it is made of is listed.",
}
