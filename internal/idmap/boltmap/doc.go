// Package boltmap is the embedded durable index: an idmap.Store in two bbolt files of one data directory.
//
// The files and their buckets. A part in angle brackets is a key; "a+b" are parts of one key, written one after the other,
// each text but the last behind its length:
//
//	index.db
//	├─ meta                                what the file is: kind, format, store ID, check of the secret (file.go);
//	│                                      whether it is a backup, or was put back from one (restored.go);
//	│                                      the bucket's sequence is the number of the data key taken last
//	└─ tenants
//	   └─ <tenant>                         one bucket a tenant: no key of one tenant can name a record of another
//	      ├─ leads       <lead ID>                                → LeadRecord                           time-ordered
//	      ├─ lookups     <key kind + keyed hash + lead ID>        → (empty)
//	      ├─ owners      <kind + account + vendor ID>             → our ID
//	      ├─ bindings    <our ID + kind + account + vendor ID>    → (empty)                              time-ordered
//	      ├─ requests    <keyed hash of method and request ID>    → RequestRecord
//	      ├─ expiries    <expire time + key in requests>          → (empty)                              time-ordered
//	      ├─ operations  <operation ID>                           → SealedRecord                         time-ordered
//	      ├─ open        <"d" + account + priority + next time + operation ID> → (empty)    QUEUED, by when they are due
//	      │              <"a" + account + priority + create time + operation ID> → (empty)  QUEUED, by age
//	      │              <"n" + account + priority>               → how many are QUEUED
//	      │              <"s" + operation ID>                     → (empty)         STARTED
//	      │              <"l" + lead ID + account + operation ID> → (empty)         QUEUED, STARTED, BLOCKED
//	      │              <"i" + account>                          → how many are IN_DOUBT
//	      │              <"c" + account + 0 + confirm time + operation ID> → (empty)  SUCCEEDED, the vendor's word is awaited
//	      ├─ journal     <"l" + lead ID + operation ID>           → (empty)                              time-ordered
//	      │              <"s" + state + operation ID>             → (empty)         all but SUCCEEDED
//	      ├─ stops       <account>                                → StopRecord
//	      ├─ polls       <account + list>                         → PollRecord
//	      ├─ followed    <account + RPC + campaign + job or lead ID> → FollowedRecord
//	      ├─ calls       <call ID>                                → SessionRecord                        time-ordered
//	      ├─ chats       <chat ID>                                → SessionRecord                        time-ordered
//	      ├─ events      <sequence>                               → SealedRecord                         time-ordered
//	      ├─ subjects    <lead, call or chat ID + sequence>       → (empty)                  the events about it
//	      ├─ marks       "trimmed"                                → key of the last event that was removed
//	      ├─ deliveries  <event ID>                               → DeliveryRecord                       time-ordered
//	      ├─ waiting     <event ID>                               → (empty)                 deliveries that wait to be claimed
//	      ├─ erased      <"l" + lead ID>                          → ErasedRecord
//	      │              <"k" + data key ID>                      → lead ID
//	      │              <"r" + keyed hash of kind, account, vendor ID> → lead ID
//	      ├─ suppressions <suppression ID>                        → SuppressionRecord                    time-ordered
//	      ├─ suppressed  <person kind + keyed hash + suppression ID> → (empty)
//	      ├─ subscriptions <"s" + subscription ID>                → SubscriptionContent, sealed under the service's secret
//	      │              <"p" + subscription ID>                  → ProgressRecord
//	      │              <"x" + subscription ID>                  → (empty)         dropped, deliveries are left
//	      ├─ outgoing    <subscription ID + delivery ID>          → leadmux.v1.WebhookDelivery, in clear: it names no person
//	      └─ outgoingrows <"d" + subscription ID + next time + delivery ID> → (empty)   PENDING, by when they are due
//	                     <"a" + subscription ID + delivery ID>    → (empty)         PENDING, by age
//	                     <"o" + subscription ID + subject + place in the log + delivery ID> → (empty)   PENDING, by subject
//	                     <"e" + subscription ID + event ID + delivery ID> → (empty)  all, by event
//	                     <"n" + subscription ID>                  → how many are PENDING
//
//	keys.db
//	├─ meta              as above
//	├─ keys              <number + random>                        → wrapped data key                     time-ordered
//	└─ dropped           <number + random>                        → tenant and lead ID
//
// Invariants, beside those of package idmap:
//   - Every row of owners has its row in bindings and the other way round; likewise leads and lookups, requests and
//     expiries, operations and both open and journal, events and subjects, suppressions and suppressed, outgoing and
//     outgoingrows; no row of waiting is without its delivery, no delivery of outgoing without its subscription. Verify proves it.
//   - A data key is durable in keys.db before the first record sealed under it is in index.db, and belongs to one lead, or to
//     one suppression, call, chat or operation that was stored before any lead of its person. Keys are made ahead; index.db counts, in the transaction of
//     the lead, which are taken. An ID is never given to two keys.
//   - keys.db is the only place of wrapped keys: without a key's row nothing of its lead can be read, in no copy of index.db.
//     Where a key was dropped, the pages of the file that held it are overwritten (scrub.go).
//   - A lead that one of the files says is erased becomes so in the other at the next Open (reconcile.go): after a stop between
//     the two, and when either file is put back to an older state.
//   - Only the committer (committer.go) writes index.db, only the key ring (datakeys.go) writes keys.db.
//
// Only the wiring of a program should name this package; everything else goes by idmap.Store.
package boltmap
