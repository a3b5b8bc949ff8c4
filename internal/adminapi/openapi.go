package adminapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/tenant"
)

func init() {
	operations = append(operations, operation{
		method: http.MethodGet, path: "/openapi.json", id: "getDocument", open: true,
		summary: "This document", status: http.StatusOK,
		run: func(_ *API, c *call) (any, error) { return document(c.t), nil },
	})
}

// object is a JSON object of the document; encoding/json sorts its members.
type object = map[string]any

// described is what is the same in every tenant's document.
var described = sync.OnceValues(func() (paths, components object) {
	s := schemas{}
	return pathsOf(operations, s), object(s)
})

// document is the OpenAPI 3.1 document of a tenant. Its version is the API's,
// not the program's.
func document(t *tenant.Live) object {
	paths, components := described()
	scopes := object{}
	for _, name := range grant.AdminScopes {
		scopes[name] = scopeText(name)
	}
	doc := object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Foyer administrative API", "version": "1",
			"description": "Ask for tokens with resource=" + grant.AdminAudience(t) + " or with scopes of this API alone.",
		},
		"paths": paths,
		"components": object{
			"schemas": components,
			"securitySchemes": object{"client": object{
				"type": "oauth2", "flows": object{"clientCredentials": object{"tokenUrl": t.Base + "/token", "scopes": scopes}},
			}},
		},
	}
	if t.BasePath != "" {
		doc["servers"] = []object{{"url": t.BasePath}} // below the host that served it
	}
	return doc
}

func scopeText(scope string) string {
	resource, verb, _ := strings.Cut(strings.TrimPrefix(scope, "admin."), ":")
	if verb == "read" {
		return "See " + strings.ReplaceAll(resource, "-", " ")
	}
	return "Change " + strings.ReplaceAll(resource, "-", " ")
}

func pathsOf(table []operation, all schemas) object {
	paths := object{}
	for i := range table {
		op := &table[i]
		at := root + op.path
		item, _ := paths[at].(object)
		if item == nil {
			item = object{}
			paths[at] = item
		}
		item[strings.ToLower(op.method)] = operationOf(op, all)
	}
	return paths
}

func operationOf(op *operation, all schemas) object {
	good := object{"description": http.StatusText(op.status)}
	switch {
	case op.answer != nil:
		good["content"] = object{"application/json": object{"schema": all.of(op.answer)}}
	case op.open:
		good["content"] = object{"application/json": object{"schema": object{"type": "object"}}}
	}
	responses := object{strconv.Itoa(op.status): good}
	refusals := append([]int{http.StatusBadRequest}, op.refusals...)
	o := object{"operationId": op.id, "summary": op.summary, "responses": responses}
	if op.about != "" {
		o["description"] = op.about
	}
	if !op.open {
		o["security"] = []object{{"client": []string{op.scope}}}
		refusals = append(refusals, http.StatusUnauthorized, http.StatusForbidden)
	}
	for _, status := range refusals {
		responses[strconv.Itoa(status)] = object{
			"description": http.StatusText(status), "content": object{"application/problem+json": object{"schema": all.of(Problem{})}},
		}
	}
	if list := parametersOf(op); len(list) > 0 {
		o["parameters"] = list
	}
	return o
}

func parametersOf(op *operation) []object {
	var list []object
	for part := range strings.SplitSeq(op.path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			list = append(list, object{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": object{"type": "string"}})
		}
	}
	for _, p := range op.query {
		schema := object{"type": "string"}
		switch {
		case p.number:
			schema = object{"type": "integer", "minimum": 1, "maximum": maxLimit, "default": defaultLimit}
		case p.oneOf != nil:
			schema["enum"] = slices.Clone(p.oneOf)
		case p.name != "cursor":
			schema["maxLength"] = maxText
		}
		list = append(list, object{"name": p.name, "in": "query", "description": p.about, "schema": schema})
	}
	return list
}

// Document is the document of a tenant, for the golden file.
func Document(t *tenant.Live) ([]byte, error) { return json.MarshalIndent(document(t), "", "  ") }
