package convertalk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// maxLookPages bounds the search for a lead's record. The listing has no filter, so it costs a request for each page, of 20
// records (assumed), newest first by creation (inferred); 25 pages are 500 leads, and well within an attempt's time.
const maxLookPages = 25

// looks says whether the lead's record must be read before it is written: when the vendor may have one, and what is sent would
// be added to what it holds although it holds it already (notes), or would replace what others put there. Tags and attributes
// that are united may be sent again at no cost, so without notes nothing is read: most updates stay one request.
func (a *Adapter) looks(w wish, in adapters.LeadInput) bool {
	sends := len(w.notes) > 0 || a.replaces && len(w.tags)+len(w.attributes) > 0
	return sends && (w.op == opUpdateLead || in.Recheck || vendorhttp.KnownID(in.Engagement) != "")
}

// merge completes the wish by what the record holds, so that it ends with all that it held and all that we want, once.
func (a *Adapter) merge(ctx context.Context, w wish) (wish, error) {
	r, found, err := a.find(ctx, w.op, w.body.UUID)
	switch {
	case err != nil:
		return w, err
	case !found && w.op == opCreateLead: // nothing says that it is there
		return w, nil
	case !found:
		return a.withhold(w), nil
	case a.replaces:
		return w.over(r, a.asText), nil
	}
	w.notes = missing(w.notes, r.notes(), a.asText)
	return w, nil
}

// over is the wish with all that the record holds beside it.
func (w wish) over(r record, asText bool) wish {
	if len(w.notes) > 0 {
		w.notes = append(r.notes(), missing(w.notes, r.notes(), asText)...)
	}
	if len(w.tags) > 0 {
		w.tags = append(r.tags(), slices.DeleteFunc(slices.Clone(w.tags), func(tag string) bool {
			return slices.Contains(r.tags(), tag)
		})...)
	}
	if len(w.attributes) > 0 {
		kept := slices.DeleteFunc(r.attributes(), func(there attributeItem) bool {
			return slices.ContainsFunc(w.attributes, func(ours attributeItem) bool { return ours.Key == there.Key })
		})
		w.attributes = append(kept, w.attributes...)
	}
	return w
}

// missing are the notes that are not among those there. Notes that were written as text may come back as parts of one.
func missing(notes, there []noteItem, asText bool) []noteItem {
	return slices.DeleteFunc(slices.Clone(notes), func(n noteItem) bool {
		return slices.ContainsFunc(there, func(t noteItem) bool {
			return t == n.trimmed() || asText && strings.Contains(t.line(), n.line())
		})
	})
}

// withhold leaves out what cannot be sent without knowing the record, and says so. A new lead shows in the listing up to 15
// minutes late, and one without contact data does not show at all.
func (a *Adapter) withhold(w wish) wish {
	why := fmt.Sprintf("Convertalk's listing does not show the lead: it can be 15 minutes late, and its first %d pages are read; "+
		"what the lead holds there could be doubled or lost, so this was left out. Update the lead again later", maxLookPages)
	leave := func(field string, n int) {
		if n > 0 {
			w.notices.notSent(field, why)
		}
	}
	leave("lead.notes", len(w.notes))
	w.notes = nil
	if a.replaces {
		leave("lead.tags", len(w.tags))
		leave("lead.attributes", len(w.attributes))
		w.tags, w.attributes = nil, nil
	}
	return w
}

// find reads the listing until it shows the record with the uuid, has no more, or maxLookPages are read.
func (a *Adapter) find(ctx context.Context, op, uuid string) (record, bool, error) {
	for page := 1; page <= maxLookPages; page++ {
		records, err := a.page(ctx, op, page)
		if err != nil || len(records) == 0 {
			return record{}, false, err
		}
		for _, r := range records {
			if r.uuid() == uuid {
				return r, true, nil
			}
		}
	}
	return record{}, false, nil
}
