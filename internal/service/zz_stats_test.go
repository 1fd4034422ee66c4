package service_test

import (
	"fmt"
	"os"
)

func (m *model) stats() {
	c := map[string]int{}
	for _, id := range m.ids {
		lead := m.stored(id)
		for _, e := range lead.GetEngagements() {
			c[e.GetAccount()+" "+stateName(e.GetState())]++
			c["closed"] += len(e.GetClosed())
		}
		for name := range m.vendors {
			for _, op := range m.ops(at{id, name}) {
				c[op.GetMethod()+" "+opName(op)]++
			}
		}
	}
	c["leads"] = len(m.ids)
	c["unlinked"] = len(m.unlinked)
	c["must"] = len(m.must)
	fmt.Fprintln(os.Stderr, c)
}
