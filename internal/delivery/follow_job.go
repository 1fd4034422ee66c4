package delivery

import (
	"context"
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// job looks at a job, and tells of it when it has changed. It is followed no more at its end, or once that took too long.
func (f *Following) job(ctx context.Context, one idmap.Followed) (bool, error) {
	answer, err := f.read(ctx, one)
	if err != nil {
		return false, err
	}
	shown := jobIn(answer)
	if shown.state == leadmuxv1.JobState_JOB_STATE_UNSPECIFIED && shown.status == "" { // it says nothing
		shown.state, shown.status = one.State, one.Status
	}
	over := jobs[one.StartedBy].isOver(shown.state)
	late := !over && f.d.now().Sub(one.Since) > followJob
	changed := shown.state != one.State || shown.status != one.Status
	if !changed && !over && !late {
		return false, nil
	}
	return true, f.d.store.Update(ctx, func(tx idmap.Tx) error {
		now, err := tx.ListFollowed(f.account.Tenant, f.account.Name)
		if err != nil || !slices.Contains(now, one) {
			return err // its caller let it go on meanwhile: what was read is of before that
		}
		if err := f.tell(tx, one, shown, late); err != nil {
			return err
		}
		if over || late {
			return tx.DeleteFollowed(f.account.Tenant, one)
		}
		one := one
		one.State, one.Status = shown.state, shown.status
		return tx.PutFollowed(f.account.Tenant, one)
	})
}

// read asks for a job.
func (f *Following) read(ctx context.Context, one idmap.Followed) (protoreflect.Message, error) {
	method := adapters.MethodOf(one.Method)
	input, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
	if err != nil {
		return nil, err
	}
	output, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
	if err != nil {
		return nil, err
	}
	request, response := input.New(), output.New()
	for name, value := range map[protoreflect.Name]string{"account": f.account.Name, "job_id": one.ID, "campaign_id": one.CampaignID} {
		if field := request.Descriptor().Fields().ByName(name); field != nil {
			request.Set(field, protoreflect.ValueOfString(value))
		}
	}
	return response, f.forward(ctx, one.Method, request, response)
}

// forward makes one request in a slot that nobody else wants.
func (f *Following) forward(ctx context.Context, rpc string, request, response protoreflect.Message) error {
	forwarder, ok := f.account.Adapter.(adapters.Forwarder)
	if !ok {
		return &adapters.Error{Vendor: f.account.Vendor, Op: rpc, Kind: adapters.KindNotSupported}
	}
	if err := f.d.Spare(ctx, f.account); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(adapters.WithSlot(ctx), AttemptTimeout)
	defer cancel()
	_, err := forwarder.Forward(ctx, rpc, request.Interface(), response.Interface())
	return err
}
