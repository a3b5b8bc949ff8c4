package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// MaxSize is the largest configuration text accepted, in bytes.
const MaxSize = 1 << 20

// Document is one YAML document of a file that may hold several.
type Document struct {
	Name string // the file's name, for findings
	Line int    // where the document's content begins, 1-based

	node *yaml.Node
	dups []Finding
}

// Documents splits a file at its "---" lines. Empty documents are left out.
// Syntax errors, text above MaxSize and alias bombs are refused with *Errors.
func Documents(name string, data []byte) ([]Document, error) {
	if len(data) > MaxSize {
		return nil, refuse(name, 0, fmt.Sprintf("larger than %d KiB", MaxSize>>10))
	}
	var docs []Document
	in := newInspector(name)
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var root yaml.Node
		err := dec.Decode(&root)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, syntaxError(name, err)
		}
		in.duplicates = nil
		in.walk(&root, 0)
		if len(in.fatal) > 0 {
			return nil, asError(in.fatal)
		}
		if root.Kind != yaml.DocumentNode || len(root.Content) == 0 || isNull(root.Content[0]) {
			continue
		}
		body := root.Content[0]
		docs = append(docs, Document{Name: name, Line: body.Line, node: body, dups: in.duplicates})
	}
}

// Decode fills v, a pointer, and refuses whatever v has no place for: unknown
// and repeated keys and values of another type. Values that the document leaves
// out or sets to null keep what v already holds. It returns *Errors with every
// finding; v is then partly filled and must not be used.
func (doc Document) Decode(v any) error {
	_, err := doc.decode(v)
	return err
}

// decode also returns the line of each key that was present.
func (doc Document) decode(v any) (map[string]int, error) {
	lines := map[string]int{}
	return lines, decodeNode(doc.Name, doc.node, v, doc.dups, lines)
}

// DecodeStrict decodes data, which holds at most one document, as
// Document.Decode does. Without a document v stays as it is.
func DecodeStrict(name string, data []byte, v any) error {
	_, err := decodeOne(name, data, v)
	return err
}

func decodeOne(name string, data []byte, v any) (map[string]int, error) {
	docs, err := Documents(name, data)
	switch {
	case err != nil:
		return nil, err
	case len(docs) == 0:
		return nil, nil
	case len(docs) > 1:
		return nil, refuse(name, docs[1].Line, "a second document begins here; this file holds one")
	}
	return docs[0].decode(v)
}

// DecodeNode decodes one node as strictly as Document.Decode. It is for an
// UnmarshalYAML method, which sets its defaults and decodes over them; the lines
// are the node's, and the caller's path is put in front of each finding.
func DecodeNode(n *yaml.Node, v any) error {
	return decodeNode("", n, v, nil, map[string]int{})
}

func refuse(name string, line int, message string) error {
	return asError([]Finding{{Source: name, Line: line, Message: message}})
}

var (
	syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)
	// countsFromZero are the complaints of yaml's parser, whose lines are one too
	// small; those of its scanner are right.
	countsFromZero = regexp.MustCompile(`^(did not find expected (<document start>|node content|key|'-' indicator|',' or )|found (duplicate|incompatible|undefined) )`)
	// unplaced are complaints about bytes, which carry no line.
	unplaced = regexp.MustCompile(`UTF-|control characters`)
)

// syntaxError gives the parser's complaint our form. The parser names the line
// where the construct began that it could not finish, and none for the first.
func syntaxError(name string, err error) error {
	text, line := err.Error(), 1
	if m := syntaxLine.FindStringSubmatch(text); m != nil {
		text = text[len(m[0]):]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
			if countsFromZero.MatchString(text) {
				line++
			}
		} else if unplaced.MatchString(text) {
			line = 0
		}
	}
	return refuse(name, line, "not valid YAML from here on: "+text)
}
