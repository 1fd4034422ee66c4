//go:build mutant_leave_dropped_keys

package mutant

const planted = "leave_dropped_keys"
