package main

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

const (
	api       = "One API for every lead vendor. JSON is lowerCamelCase and strict: an unknown field or query parameter is refused and named."
	anError   = "What every error is: the gRPC code as a number, a sentence for people, and details, among them a google.rpc.ErrorInfo with the reason to decide by."
	statusRef = schemaPrefix + "google.rpc.Status"
)

// describe adds to the merged fragments what only the descriptors and the server know.
func describe(doc *document) error {
	doc.Info = object{"title": "Leadmux", "version": "v1", "description": api}
	doc.Servers = []object{{"url": "/", "description": "This server."}}
	doc.Security = []object{{"apiKey": []any{}}}
	doc.Components.SecuritySchemes = object{"apiKey": object{
		"type": "http", "scheme": "bearer", "description": "An API key: Authorization: Bearer KEY.",
	}}
	doc.Components.Parameters = object{"IdempotencyKey": idempotencyKey()}
	doc.Components.Headers = object{"RequestId": object{
		"description": "The request's ID: the caller's X-Request-Id, or one made here. The log has it.",
		"schema":      object{"type": "string"},
	}}
	doc.Components.Responses = errorResponses()
	for name, schema := range doc.Components.Schemas {
		if message := find[protoreflect.MessageDescriptor](name); message != nil {
			if err := checkKinds(message); err != nil {
				return err
			}
			constrain(schema, message)
		}
	}
	doc.Components.Schemas[strings.TrimPrefix(statusRef, schemaPrefix)]["description"] = anError
	for path, operations := range doc.Paths {
		for method, operation := range operations {
			err := finish(operation)
			if err == nil && method == "patch" {
				err = doc.patchable(operation)
			}
			if err != nil {
				return fmt.Errorf("%s %s: %w", method, path, err)
			}
		}
	}
	return nil
}

func idempotencyKey() object {
	return object{
		"name": "Idempotency-Key", "in": "header", "required": false,
		"description": "The same thing as requestId in the body or query; surrounding quotes are stripped. Both and different is refused.",
		"schema":      object{"type": "string", "minLength": 1, "maxLength": 130},
	}
}

// errorResponses are the answers other than success. All have one body.
func errorResponses() object {
	texts := map[string]string{
		"BadRequest":      "The request is not valid; the details name the field and the reason.",
		"Unauthenticated": "No API key, or not a valid one.",
		"Forbidden":       "The key lacks the scope, or may not use the account.",
		"TooLarge":        "The body is larger than 1 MiB; that of BatchCreateLeads, larger than 8 MiB; a file, larger than its RPC takes.",
		"TooMany":         "The caller's quota, or the vendor's, is used up; Retry-After says when to come back.",
		"Error":           "Any other error.",
	}
	responses := object{}
	for name, text := range texts {
		responses[name] = object{
			"description": text,
			"headers":     object{"X-Request-Id": object{"$ref": "#/components/headers/RequestId"}},
			"content":     object{"application/json": object{"schema": object{"$ref": statusRef}}},
		}
	}
	return responses
}

// finish completes one operation: summary, limits of parameters and body, the key header, errors.
func finish(operation object) error {
	method, err := rpc(operation)
	if err != nil {
		return err
	}
	if err := checkKinds(method.Input()); err != nil {
		return err
	}
	text, _ := operation["summary"].(string)
	text = strings.ReplaceAll(text, "\n", " ")
	operation["description"] = text
	operation["summary"] = firstSentence(text)
	parameters, _ := operation["parameters"].([]any)
	for _, p := range parameters {
		constrainParameter(p.(object), method.Input())
	}
	body := requestSchema(operation)
	if body != nil {
		constrain(body, method.Input())
		body["additionalProperties"] = false
		_, some := body["required"]
		operation["requestBody"].(object)["required"] = some
	}
	if mutates(method) && method.Input().Fields().ByName("request_id") != nil {
		operation["parameters"] = append(parameters, object{"$ref": "#/components/parameters/IdempotencyKey"})
	}
	responses, ok := operation["responses"].(object)
	if !ok {
		return fmt.Errorf("no responses")
	}
	names := map[string]string{
		"400": "BadRequest", "401": "Unauthenticated", "403": "Forbidden", "429": "TooMany", "default": "Error",
	}
	if operation["requestBody"] != nil {
		names["413"] = "TooLarge"
	}
	for code, name := range names {
		responses[code] = object{"$ref": "#/components/responses/" + name}
	}
	return nil
}

// rpc finds the method of "Service_Method", or "Service_Method_1" for a further binding.
func rpc(operation object) (protoreflect.MethodDescriptor, error) {
	id, _ := operation["operationId"].(string)
	parts := strings.Split(id, "_")
	if len(parts) < 2 {
		return nil, fmt.Errorf("operation ID %q is not Service_Method", id)
	}
	service := find[protoreflect.ServiceDescriptor](string(leadmuxv1.File_leadmux_v1_lead_proto.Package()) + "." + parts[0])
	if service == nil {
		return nil, fmt.Errorf("service %s is not linked", parts[0])
	}
	method := service.Methods().ByName(protoreflect.Name(parts[1]))
	if method == nil {
		return nil, fmt.Errorf("%s has no method %s", parts[0], parts[1])
	}
	return method, nil
}

func mutates(method protoreflect.MethodDescriptor) bool {
	options, ok := method.Options().(*descriptorpb.MethodOptions)
	return !ok || options.GetIdempotencyLevel() != descriptorpb.MethodOptions_NO_SIDE_EFFECTS
}

// requestSchema is the body's own schema; nil when there is no body or it is a reference to a shared schema.
func requestSchema(operation object) object {
	body, _ := operation["requestBody"].(object)
	content, _ := body["content"].(object)
	media, _ := content["application/json"].(object)
	schema, _ := media["schema"].(object)
	if _, shared := schema["$ref"]; shared {
		return nil
	}
	return schema
}

func firstSentence(text string) string {
	first, _, _ := strings.Cut(text, ". ")
	first, _, _ = strings.Cut(first, ": ")
	return strings.TrimSuffix(first, ".")
}

func find[D protoreflect.Descriptor](name string) D {
	var none D
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return none
	}
	found, ok := d.(D)
	if !ok {
		return none
	}
	return found
}
