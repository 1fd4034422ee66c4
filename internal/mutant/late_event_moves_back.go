//go:build mutant_late_event_moves_back

package mutant

const planted = "late_event_moves_back"
