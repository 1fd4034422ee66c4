package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// The fragments lack RPCs that stream a file: their REST form is the option raw_http, which the generator does not know. This file
// adds them, with the texts of the schema's own comments.

const schemas = "proto/leadmux/v1/*.proto"

// addFiles adds every RPC that streams a file.
func (d *document) addFiles(root string) error {
	text, err := schemaText(root)
	if err != nil {
		return err
	}
	protoregistry.GlobalFiles.RangeFilesByPackage(leadmuxv1.File_leadmux_v1_options_proto.Package(), func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				if rule, ok := proto.GetExtension(methods.Get(j).Options(), leadmuxv1.E_RawHttp).(*annotations.HttpRule); ok && rule.GetPattern() != nil {
					err = d.addFile(methods.Get(j), rule, text)
				}
				if err != nil {
					return false
				}
			}
		}
		return true
	})
	return err
}

func (d *document) addFile(method protoreflect.MethodDescriptor, rule *annotations.HttpRule, text string) error {
	verb, path := "get", rule.GetGet()
	for name, other := range map[string]string{"post": rule.GetPost(), "put": rule.GetPut()} {
		if other != "" {
			verb, path = name, other
		}
	}
	service := string(method.Parent().Name())
	comment := commentOf(text, `  rpc `+string(method.Name())+`\(`)
	if path == "" || comment == "" {
		return fmt.Errorf("%s: no path or no comment", method.FullName())
	}
	operation := object{
		"operationId": service + "_" + string(method.Name()), "summary": comment, "tags": []any{service},
		"parameters": parametersOf(method.Input(), path, text),
	}
	if method.IsStreamingClient() {
		operation["requestBody"] = fileBody(method)
		operation["responses"] = object{"200": d.answer(method.Output())}
	} else {
		operation["responses"] = object{"200": object{
			"description": "The file.", "content": object{"application/octet-stream": object{"schema": object{"type": "string", "format": "binary"}}},
		}}
	}
	if d.Paths[path] == nil {
		d.Paths[path] = paths{}
	}
	d.Paths[path][verb] = operation
	return nil
}

// parametersOf are the fields of a request but for the file, in the path or in the query.
func parametersOf(message protoreflect.MessageDescriptor, path, text string) []any {
	var all []any
	for i := range message.Fields().Len() {
		f := message.Fields().Get(i)
		if f.Kind() == protoreflect.BytesKind {
			continue
		}
		kind := "string"
		if f.Kind() == protoreflect.BoolKind {
			kind = "boolean"
		}
		parameter := object{
			"name": f.JSONName(), "in": "query", "description": commentOf(messageText(text, message), `  (optional )?\w+ `+string(f.Name())+` =`),
			"schema": object{"type": kind},
		}
		if strings.Contains(path, "{"+string(f.Name())+"}") {
			parameter["name"], parameter["in"], parameter["required"] = string(f.Name()), "path", true
		}
		all = append(all, parameter)
	}
	return all
}

// fileBody is the body of an upload.
func fileBody(method protoreflect.MethodDescriptor) object {
	limit, _ := proto.GetExtension(method.Options(), leadmuxv1.E_MaxFileBytes).(int32)
	file := object{"type": "string", "format": "binary"}
	return object{
		"required":    true,
		"description": fmt.Sprintf("The file, at most %d MiB: as it is, or as the last part of a form.", limit>>20),
		"content": object{
			"application/octet-stream": object{"schema": file},
			"multipart/form-data":      object{"schema": object{"type": "object", "properties": object{"file": file}, "required": []any{"file"}}},
		},
	}
}

// answer is a response whose fields are messages that other RPCs return too.
func (d *document) answer(message protoreflect.MessageDescriptor) object {
	properties := object{}
	for i := range message.Fields().Len() {
		f := message.Fields().Get(i)
		properties[f.JSONName()] = object{"$ref": schemaPrefix + string(f.Message().FullName())}
	}
	d.Components.Schemas[string(message.FullName())] = object{"type": "object", "properties": properties}
	return object{
		"description": "The answer.",
		"content":     object{"application/json": object{"schema": object{"$ref": schemaPrefix + string(message.FullName())}}},
	}
}

func schemaText(root string) (string, error) {
	files, err := filepath.Glob(filepath.Join(root, schemas))
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		all.Write(text)
	}
	return all.String(), nil
}

// messageText is the part of the schema that declares a message.
func messageText(text string, message protoreflect.MessageDescriptor) string {
	_, after, _ := strings.Cut(text, "\nmessage "+string(message.Name())+" {\n")
	body, _, _ := strings.Cut(after, "\n}")
	return body
}

// commentOf is the comment above the line that begins as pattern says.
func commentOf(text, pattern string) string {
	found := regexp.MustCompile(`(?m)((?:^ *//.*\n)+)^` + pattern).FindStringSubmatch(text)
	if found == nil {
		return ""
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(found[1], "//", "")), " ")
}
