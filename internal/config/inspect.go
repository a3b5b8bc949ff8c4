package config

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

const (
	maxDepth    = 64     // no configuration nests deeper; recursion stays shallow
	maxExpanded = 10_000 // values that all aliases of a file may stand for
)

// inspector looks at the bare nodes before any type is known: depth, what the
// aliases expand to ("billion laughs" and self-reference) and repeated keys.
type inspector struct {
	name       string
	sizes      map[*yaml.Node]int // of finished anchored nodes, aliases expanded
	expanded   int
	fatal      []Finding
	duplicates []Finding
}

func newInspector(name string) *inspector {
	return &inspector{name: name, sizes: map[*yaml.Node]int{}}
}

// walk returns how many nodes n stands for.
func (in *inspector) walk(n *yaml.Node, depth int) int {
	switch {
	case len(in.fatal) > 0:
		return 0
	case depth > maxDepth:
		in.stop(n, fmt.Sprintf("nested deeper than %d levels", maxDepth))
		return 0
	case n.Kind == yaml.AliasNode:
		return in.alias(n)
	case n.Kind == yaml.MappingNode:
		in.keys(n)
	}
	size := 1
	for _, c := range n.Content {
		size += in.walk(c, depth+1)
	}
	if n.Anchor != "" {
		in.sizes[n] = size
	}
	return size
}

// alias counts an alias as the whole it stands for. An anchor precedes its
// aliases, so one without a size is still open: it contains itself.
func (in *inspector) alias(n *yaml.Node) int {
	size, done := in.sizes[n.Alias]
	if !done {
		in.stop(n, "alias *"+clip(n.Value)+" contains itself")
		return 0
	}
	in.expanded += size
	if in.expanded > maxExpanded {
		in.stop(n, fmt.Sprintf("aliases stand for more than %d values; write them out", maxExpanded))
	}
	return size
}

func (in *inspector) keys(n *yaml.Node) {
	first := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		if k.Kind != yaml.ScalarNode {
			continue // refused by the decoder
		}
		if line, again := first[k.Value]; again {
			in.duplicates = append(in.duplicates, Finding{Source: in.name, Line: n.Content[i].Line,
				Path: clip(k.Value), Message: fmt.Sprintf("given twice, first on line %d; keep one", line)})
			continue
		}
		first[k.Value] = n.Content[i].Line
	}
}

func (in *inspector) stop(n *yaml.Node, message string) {
	in.fatal = append(in.fatal, Finding{Source: in.name, Line: n.Line, Message: message})
}
