package main

import (
	"fmt"
	"maps"
	"strings"
)

const schemaPrefix = "#/components/schemas/"

// patchable gives a PATCH whose body is a shared schema one of its own: null clears a field, so every field may be null, in the
// messages inside it too. Fields that the service sets are left out, but for the etag, which a caller may send as a condition.
func (d *document) patchable(operation object) error {
	body, _ := operation["requestBody"].(object)
	content, _ := body["content"].(object)
	media, _ := content["application/json"].(object)
	schema, _ := media["schema"].(object)
	ref, _ := schema["$ref"].(string)
	if ref == "" {
		return fmt.Errorf("the body of a PATCH is no shared schema")
	}
	body["required"] = false // nothing named, nothing changed
	media["schema"] = object{"$ref": d.patchOf(ref)}
	return nil
}

// patchOf is the reference to a schema's form in a PATCH, which is made when it is first asked for; what is no message stays.
func (d *document) patchOf(ref string) string {
	name := strings.TrimPrefix(ref, schemaPrefix)
	whole := d.Components.Schemas[name]
	properties, ok := whole["properties"].(object)
	if !ok {
		return ref
	}
	name += ".Patch"
	if d.Components.Schemas[name] != nil {
		return schemaPrefix + name
	}
	patched := object{}
	d.Components.Schemas[name] = object{
		"type": "object", "properties": patched,
		"description": join(whole["description"], "In a change: what is null is cleared, what is absent is left as it is."),
	}
	for field, value := range properties {
		schema := maps.Clone(value.(object))
		if schema["readOnly"] == true && field != "etag" {
			continue
		}
		delete(schema, "readOnly")
		patched[field] = d.nullable(schema)
	}
	return schemaPrefix + name
}

// nullable is a schema that takes null as well.
func (d *document) nullable(schema object) object {
	if kind, simple := schema["type"].(string); simple && schema["enum"] == nil {
		schema["type"] = []any{kind, "null"}
		return schema
	}
	either := object{}
	if text, ok := schema["description"]; ok {
		either["description"] = text
		delete(schema, "description")
	}
	if ref, ok := schema["$ref"].(string); ok {
		schema["$ref"] = d.patchOf(ref)
	}
	either["anyOf"] = []any{schema, object{"type": "null"}}
	return either
}
