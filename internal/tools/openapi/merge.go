package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
)

// object is a JSON object whose keys are written in alphabetical order.
type object = map[string]any

// document is the OpenAPI document, top-level keys in the order a reader wants them.
type document struct {
	OpenAPI    string           `json:"openapi"`
	Info       object           `json:"info"`
	Servers    []object         `json:"servers"`
	Security   []object         `json:"security"`
	Tags       []object         `json:"tags"`
	Paths      map[string]paths `json:"paths"`
	Components components       `json:"components"`
}

// paths holds the operations of one path by HTTP method.
type paths map[string]object

type components struct {
	SecuritySchemes object            `json:"securitySchemes,omitempty"`
	Parameters      object            `json:"parameters,omitempty"`
	Headers         object            `json:"headers,omitempty"`
	Responses       object            `json:"responses,omitempty"`
	Schemas         map[string]object `json:"schemas"`
}

func merge(files []string) (*document, error) {
	doc := &document{Paths: map[string]paths{}, Components: components{Schemas: map[string]object{}}}
	for _, file := range files {
		if err := doc.add(file); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return doc, nil
}

func (d *document) add(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var part document
	if err := json.Unmarshal(data, &part); err != nil {
		return err
	}
	d.OpenAPI = part.OpenAPI
	d.Tags = append(d.Tags, part.Tags...)
	for path, operations := range part.Paths {
		if d.Paths[path] == nil {
			d.Paths[path] = paths{}
		}
		for method, operation := range operations {
			if _, twice := d.Paths[path][method]; twice {
				return fmt.Errorf("%s %s is in two fragments", method, path)
			}
			d.Paths[path][method] = operation
		}
	}
	for name, schema := range part.Components.Schemas {
		if other, known := d.Components.Schemas[name]; known && !reflect.DeepEqual(other, schema) {
			return fmt.Errorf("schema %s differs from that of another fragment", name)
		}
		d.Components.Schemas[name] = schema
	}
	return nil
}

func encode(doc *document) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(doc); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
