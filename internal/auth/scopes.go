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

	SuppressionsRead   = "suppressions.read"
	SuppressionsWrite  = "suppressions.write"
	OperationsRead     = "operations.read"
	OperationsWrite    = "operations.write"
	SubscriptionsRead  = "subscriptions.read"
	SubscriptionsWrite = "subscriptions.write"
	ContactCentreRead  = "contactcentre.read"
	ContactCentreWrite = "contactcentre.write"

	Passthrough = "passthrough" // raw requests at vendors

	CallsRead  = "calls.read"
	CallsWrite = "calls.write"
	ChatsRead  = "chats.read"
	ChatsWrite = "chats.write"

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
	leadmuxv1.LeadService_OptOutLead_FullMethodName:        LeadsWrite,
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

	leadmuxv1.SubscriptionService_CreateSubscription_FullMethodName:       SubscriptionsWrite,
	leadmuxv1.SubscriptionService_GetSubscription_FullMethodName:          SubscriptionsRead,
	leadmuxv1.SubscriptionService_ListSubscriptions_FullMethodName:        SubscriptionsRead,
	leadmuxv1.SubscriptionService_UpdateSubscription_FullMethodName:       SubscriptionsWrite,
	leadmuxv1.SubscriptionService_DeleteSubscription_FullMethodName:       SubscriptionsWrite,
	leadmuxv1.SubscriptionService_RotateSubscriptionSecret_FullMethodName: SubscriptionsWrite,
	leadmuxv1.SubscriptionService_TestSubscription_FullMethodName:         SubscriptionsWrite,
	leadmuxv1.SubscriptionService_ListDeliveries_FullMethodName:           SubscriptionsRead,
	leadmuxv1.SubscriptionService_ReplayDeliveries_FullMethodName:         SubscriptionsWrite,

	leadmuxv1.AccountService_ListAccounts_FullMethodName:     AccountsRead,
	leadmuxv1.AccountService_GetAccount_FullMethodName:       AccountsRead,
	leadmuxv1.AccountService_TestAccount_FullMethodName:      AccountsWrite,
	leadmuxv1.AccountService_ListCapabilities_FullMethodName: AccountsRead,
	leadmuxv1.AccountService_Passthrough_FullMethodName:      Passthrough,

	leadmuxv1.VendorWebhookService_CreateVendorWebhook_FullMethodName: AccountsWrite,
	leadmuxv1.VendorWebhookService_ListVendorWebhooks_FullMethodName:  AccountsRead,
	leadmuxv1.VendorWebhookService_DeleteVendorWebhook_FullMethodName: AccountsWrite,

	leadmuxv1.SuppressionService_Suppress_FullMethodName:           SuppressionsWrite,
	leadmuxv1.SuppressionService_ImportSuppressions_FullMethodName: SuppressionsWrite,
	leadmuxv1.SuppressionService_Reconsent_FullMethodName:          SuppressionsWrite,
	leadmuxv1.SuppressionService_GetSuppression_FullMethodName:     SuppressionsRead,
	leadmuxv1.SuppressionService_ListSuppressions_FullMethodName:   SuppressionsRead,
	leadmuxv1.SuppressionService_CheckContact_FullMethodName:       SuppressionsRead,
	leadmuxv1.OperationService_GetOperation_FullMethodName:         OperationsRead,
	leadmuxv1.OperationService_ListOperations_FullMethodName:       OperationsRead,
	leadmuxv1.OperationService_ResolveOperation_FullMethodName:     OperationsWrite,
	leadmuxv1.OperationService_RetryOperation_FullMethodName:       OperationsWrite,
	leadmuxv1.EndUserService_UpsertEndUser_FullMethodName:          ContactCentreWrite,
	leadmuxv1.EndUserService_GetEndUser_FullMethodName:             ContactCentreRead,
	leadmuxv1.CallService_CreateCall_FullMethodName:                CallsWrite,
	leadmuxv1.CallService_GetCall_FullMethodName:                   CallsRead,
	leadmuxv1.CallService_ListCalls_FullMethodName:                 CallsRead,
	leadmuxv1.CallService_LookupCall_FullMethodName:                CallsRead,
	leadmuxv1.CallService_LinkCall_FullMethodName:                  CallsWrite,
	leadmuxv1.CallService_UpdateCallEndUser_FullMethodName:         CallsWrite,
	leadmuxv1.CallService_UpdateCallCustomerFlags_FullMethodName:   CallsWrite,
	leadmuxv1.CallService_ReplaceCallCustomerFlags_FullMethodName:  CallsWrite,
	leadmuxv1.CallService_GetCallCustomerFlags_FullMethodName:      CallsRead,
	leadmuxv1.CallService_SetCallCustomData_FullMethodName:         CallsWrite,
	leadmuxv1.CallService_PushCallContactData_FullMethodName:       CallsWrite,

	leadmuxv1.ChatService_CreateChat_FullMethodName:               ChatsWrite,
	leadmuxv1.ChatService_SendSms_FullMethodName:                  ChatsWrite,
	leadmuxv1.ChatService_GetChat_FullMethodName:                  ChatsRead,
	leadmuxv1.ChatService_ListChats_FullMethodName:                ChatsRead,
	leadmuxv1.ChatService_LookupChat_FullMethodName:               ChatsRead,
	leadmuxv1.ChatService_LinkChat_FullMethodName:                 ChatsWrite,
	leadmuxv1.ChatService_UpdateChat_FullMethodName:               ChatsWrite,
	leadmuxv1.ChatService_ResumeChat_FullMethodName:               ChatsWrite,
	leadmuxv1.ChatService_SendChatMessage_FullMethodName:          ChatsWrite,
	leadmuxv1.ChatService_ListChatMessages_FullMethodName:         ChatsRead,
	leadmuxv1.ChatService_EscalateChat_FullMethodName:             ChatsWrite,
	leadmuxv1.ChatService_UpdateChatEscalation_FullMethodName:     ChatsWrite,
	leadmuxv1.ChatService_AddChatPhotos_FullMethodName:            ChatsWrite,
	leadmuxv1.ChatService_ListChatPhotos_FullMethodName:           ChatsRead,
	leadmuxv1.ChatService_CreateChatPhotoUpload_FullMethodName:    ChatsWrite,
	leadmuxv1.ChatService_AddChatVideo_FullMethodName:             ChatsWrite,
	leadmuxv1.ChatService_ListChatVideos_FullMethodName:           ChatsRead,
	leadmuxv1.ChatService_CreateChatVideoUpload_FullMethodName:    ChatsWrite,
	leadmuxv1.ChatService_UpdateChatCustomerFlags_FullMethodName:  ChatsWrite,
	leadmuxv1.ChatService_ReplaceChatCustomerFlags_FullMethodName: ChatsWrite,
	leadmuxv1.ChatService_SetChatCustomData_FullMethodName:        ChatsWrite,
	leadmuxv1.ChatService_UpdateChatEndUser_FullMethodName:        ChatsWrite,

	leadmuxv1.QueueService_ListWaitTimes_FullMethodName:           ContactCentreRead,
	leadmuxv1.QueueService_GetQueueAvailability_FullMethodName:    ContactCentreRead,
	leadmuxv1.QueueService_GetQueueOperationStatus_FullMethodName: ContactCentreRead,

	leadmuxv1.QueueSettingsService_DownloadQueueSettings_FullMethodName:     ContactCentreRead,
	leadmuxv1.QueueSettingsService_ExportQueueSettings_FullMethodName:       ContactCentreRead,
	leadmuxv1.QueueSettingsService_ListQueueSettingsVersions_FullMethodName: ContactCentreRead,
	leadmuxv1.QueueSettingsService_GetQueueSettingsVersion_FullMethodName:   ContactCentreRead,
	leadmuxv1.QueueSettingsService_ImportQueueSettings_FullMethodName:       ContactCentreWrite,
	leadmuxv1.QueueSettingsService_SaveQueueSettings_FullMethodName:         ContactCentreWrite,
	leadmuxv1.QueueSettingsService_RestoreQueueSettings_FullMethodName:      ContactCentreWrite,
	leadmuxv1.CampaignService_AddCampaignContact_FullMethodName:             ContactCentreWrite,
	leadmuxv1.CampaignService_ListCampaignContacts_FullMethodName:           ContactCentreRead,
	leadmuxv1.CampaignService_ImportCampaignContacts_FullMethodName:         ContactCentreWrite,
	leadmuxv1.CampaignService_GetCampaignImport_FullMethodName:              ContactCentreRead,
	leadmuxv1.CampaignService_UpdateCampaignContact_FullMethodName:          ContactCentreWrite,
	leadmuxv1.CampaignService_RemoveCampaignContact_FullMethodName:          ContactCentreWrite,
	leadmuxv1.CampaignService_ListCampaignImports_FullMethodName:            ContactCentreRead,
	leadmuxv1.AgentService_ListAgents_FullMethodName:                        ContactCentreRead,
	leadmuxv1.AgentService_UpdateAgentStatuses_FullMethodName:               ContactCentreWrite,
	leadmuxv1.AgentService_ForceLogoutAgents_FullMethodName:                 ContactCentreWrite,
	leadmuxv1.AgentService_GetAgentStatuses_FullMethodName:                  ContactCentreRead,
	leadmuxv1.AgentService_GetForceLogoutJob_FullMethodName:                 ContactCentreRead,
	leadmuxv1.AgentImportService_GetAgentImportTemplate_FullMethodName:      ContactCentreRead,
	leadmuxv1.AgentImportService_CreateAgentImport_FullMethodName:           ContactCentreWrite,
	leadmuxv1.AgentImportService_ReplaceAgentImportFile_FullMethodName:      ContactCentreWrite,
	leadmuxv1.AgentImportService_StartAgentImport_FullMethodName:            ContactCentreWrite,
	leadmuxv1.AgentImportService_GetAgentImport_FullMethodName:              ContactCentreRead,
	leadmuxv1.AgentImportService_ListAgentImportSchemeErrors_FullMethodName: ContactCentreRead,
	leadmuxv1.AgentImportService_ListAgentImportUpdateErrors_FullMethodName: ContactCentreRead,
	leadmuxv1.DoNotCallService_AddDoNotCallNumbers_FullMethodName:           ContactCentreWrite,
	leadmuxv1.DoNotCallService_RemoveDoNotCallNumbers_FullMethodName:        ContactCentreWrite,
	leadmuxv1.DoNotCallService_CheckDoNotCallNumber_FullMethodName:          ContactCentreRead,
	leadmuxv1.ContactListService_CreateContactList_FullMethodName:           ContactCentreWrite,
	leadmuxv1.ContactListService_UpdateContactList_FullMethodName:           ContactCentreWrite,
	leadmuxv1.ContactListService_DeleteContactList_FullMethodName:           ContactCentreWrite,
	leadmuxv1.ContactListService_AddContactListEntry_FullMethodName:         ContactCentreWrite,
	leadmuxv1.ContactListService_UpdateContactListEntry_FullMethodName:      ContactCentreWrite,
	leadmuxv1.ContactListService_DeleteContactListEntry_FullMethodName:      ContactCentreWrite,
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
