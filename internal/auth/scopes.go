package auth

import (
	"slices"

	"google.golang.org/grpc/health/grpc_health_v1"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// The scopes.
const (
	LeadsRead     = "leads.read"
	LeadsWrite    = "leads.write"
	AccountsRead  = "accounts.read"
	AccountsWrite = "accounts.write"
	EventsRead    = "events.read"
	EventsWrite   = "events.write"

	OperationsRead  = "operations.read"
	OperationsWrite = "operations.write"

	everything = "*" // a key's scope for every method that has one
)

// Scopes is the one table from full method to the scope it needs. An RPC that is not here cannot be called.
var Scopes = map[string]string{
	leadmuxv1.LeadService_CreateLead_FullMethodName:        LeadsWrite,
	leadmuxv1.LeadService_GetLead_FullMethodName:           LeadsRead,
	leadmuxv1.LeadService_LookupLead_FullMethodName:        LeadsRead,
	leadmuxv1.LeadService_ListLeads_FullMethodName:         LeadsRead,
	leadmuxv1.LeadService_UpdateLead_FullMethodName:        LeadsWrite,
	leadmuxv1.LeadService_EngageLead_FullMethodName:        LeadsWrite,
	leadmuxv1.LeadService_EndConversation_FullMethodName:   LeadsWrite,
	leadmuxv1.LeadService_StopConversation_FullMethodName:  LeadsWrite,
	leadmuxv1.LeadService_DeferConversation_FullMethodName: LeadsWrite,
	leadmuxv1.LeadService_LinkLead_FullMethodName:          LeadsWrite,
	leadmuxv1.LeadService_UnlinkLead_FullMethodName:        LeadsWrite,
	leadmuxv1.LeadService_EraseLead_FullMethodName:         LeadsWrite,
	leadmuxv1.LeadService_BatchCreateLeads_FullMethodName:  LeadsWrite,
	leadmuxv1.LeadService_ImportLeads_FullMethodName:       LeadsWrite,
	leadmuxv1.LeadService_ListVendorLeads_FullMethodName:   LeadsWrite, // it may create leads

	leadmuxv1.EventService_ListEvents_FullMethodName:             EventsRead,
	leadmuxv1.EventService_WatchEvents_FullMethodName:            EventsRead,
	leadmuxv1.EventService_ListUnattributedEvents_FullMethodName: EventsRead,
	leadmuxv1.EventService_ClaimEvent_FullMethodName:             EventsWrite,

	leadmuxv1.AccountService_ListAccounts_FullMethodName:     AccountsRead,
	leadmuxv1.AccountService_GetAccount_FullMethodName:       AccountsRead,
	leadmuxv1.AccountService_TestAccount_FullMethodName:      AccountsWrite,
	leadmuxv1.AccountService_ListCapabilities_FullMethodName: AccountsRead,

	leadmuxv1.OperationService_GetOperation_FullMethodName:     OperationsRead,
	leadmuxv1.OperationService_ListOperations_FullMethodName:   OperationsRead,
	leadmuxv1.OperationService_ResolveOperation_FullMethodName: OperationsWrite,
	leadmuxv1.OperationService_RetryOperation_FullMethodName:   OperationsWrite,
}

// Public are the methods that need no key: whether the service is up is asked by machinery that has none.
var Public = []string{
	grpc_health_v1.Health_Check_FullMethodName,
	grpc_health_v1.Health_Watch_FullMethodName,
	grpc_health_v1.Health_List_FullMethodName,
}

// Reflection are the methods of server reflection, public where Config.Reflection says so.
var Reflection = []string{
	"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
	"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
}

func (a *Authenticator) public(fullMethod string) bool {
	return slices.Contains(Public, fullMethod) || (a.cfg.Reflection && slices.Contains(Reflection, fullMethod))
}
