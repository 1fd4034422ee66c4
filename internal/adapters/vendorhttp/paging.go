package vendorhttp

import (
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Pages is how a vendor's listing is read page by page, behind our page_size, page_token and next_page_token. Pages count from 1.
type Pages struct {
	// Number and Size are the vendor's parameters.
	Number, Size string
	// Default is the page size where the caller asks for none, Max the largest one that the vendor takes. Without a default a
	// listing is asked for whole unless the caller wants pages, and only headers can say that more follows: that the vendor has
	// pages of it is not known.
	Default, Max int
	// Not are fields of the request with which the vendor takes no paging.
	Not []string
}

// place is where a listing stands. As a token it is "3/100".
type place struct{ page, size int }

func (p *Pages) place(request protoreflect.Message) place {
	at := place{1, p.Default}
	if field := request.Descriptor().Fields().ByName("page_size"); field != nil && request.Get(field).Int() > 0 {
		at.size = min(int(request.Get(field).Int()), p.Max)
	}
	page, size, _ := strings.Cut(textOf(request, "page_token"), "/")
	if n, err := strconv.Atoi(page); err == nil {
		at.page = n
		at.size, _ = strconv.Atoi(size) // the pages of one walk have one size
	}
	return at
}

// off says whether the request has none of it, or may have none.
func (p *Pages) off(request protoreflect.Message) bool {
	if p == nil {
		return true
	}
	for _, name := range p.Not {
		if field := request.Descriptor().Fields().ByName(protoreflect.Name(name)); field != nil && request.Has(field) {
			return true
		}
	}
	return false
}

// ask adds the parameters of the page that is asked for.
func (p *Pages) ask(fields map[string]any, request protoreflect.Message) {
	if p.off(request) {
		return
	}
	if at := p.place(request); at.size > 0 {
		fields[p.Number], fields[p.Size] = at.page, at.size
	}
}

// next sets the response's next_page_token when the vendor has more: by what its headers say, else when the page is full.
func (p *Pages) next(h http.Header, request, response protoreflect.Message, reply string) {
	field := response.Descriptor().Fields().ByName("next_page_token")
	if p.off(request) || field == nil {
		return
	}
	at := p.place(request)
	got := response.Get(response.Descriptor().Fields().ByName(protoreflect.Name(reply))).List().Len()
	more := p.Default > 0 && got >= at.size
	if total, err := strconv.Atoi(h.Get("Total")); err == nil {
		more = at.page*max(at.size, got) < total
	} else if link := strings.Join(h.Values("Link"), ","); link != "" {
		more = strings.Contains(link, `rel="next"`)
	}
	if at.size == 0 {
		at.size = got // what the vendor takes for a page
	}
	if more && got > 0 {
		response.Set(field, protoreflect.ValueOfString(strconv.Itoa(at.page+1)+"/"+strconv.Itoa(at.size)))
	}
}
