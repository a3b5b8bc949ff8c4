package screens

import (
	"fmt"
	"html"
	"html/template"
	"strings"
	"text/template/parse"

	"github.com/foyer-id/foyer/internal/i18n"
)

// settle writes what never changes in a language into the tree itself: fixed
// sentences and asset paths. That is two thirds of a page's calls. Only for our
// own templates, whose sentences stand in text and in quoted attributes.
func settle(t *template.Template, l *i18n.Locale) {
	for _, part := range t.Templates() {
		if part.Tree != nil {
			settleList(part.Tree.Root, l)
		}
	}
}

func settleList(list *parse.ListNode, l *i18n.Locale) {
	if list == nil {
		return
	}
	for i, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			if text, ok := fixed(n.Pipe, l); ok {
				list.Nodes[i] = &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(html.EscapeString(text))}
			}
		case *parse.IfNode:
			settleList(n.List, l)
			settleList(n.ElseList, l)
		case *parse.RangeNode:
			settleList(n.List, l)
			settleList(n.ElseList, l)
		case *parse.WithNode:
			settleList(n.List, l)
			settleList(n.ElseList, l)
		}
	}
}

// fixed evaluates {{.T "key"}} and {{asset "name"}}.
func fixed(p *parse.PipeNode, l *i18n.Locale) (string, bool) {
	if len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 2 {
		return "", false
	}
	call := p.Cmds[0].Args[0].String()
	arg, ok := p.Cmds[0].Args[1].(*parse.StringNode)
	switch {
	case !ok:
		return "", false
	case call == "asset":
		return AssetPath(arg.Text), true
	case strings.HasSuffix(call, ".T"):
		return l.Fixed(i18n.Key(arg.Text))
	}
	return "", false
}

// checkKeys finds .T "key" and .Parts "key" whose key does not exist.
func checkKeys(t *template.Template) error {
	for _, part := range t.Templates() {
		if part.Tree == nil {
			continue
		}
		if key := unknownKey(part.Tree.Root); key != "" {
			return fmt.Errorf("template %s: no sentence %q", part.Tree.ParseName, key)
		}
	}
	return nil
}

func unknownKey(n parse.Node) string {
	for _, command := range commands(n) {
		for i, arg := range command.Args[:len(command.Args)-1] {
			text, isText := command.Args[i+1].(*parse.StringNode)
			says := strings.HasSuffix(arg.String(), ".T") || strings.HasSuffix(arg.String(), ".Parts")
			if says && isText && !i18n.Has(i18n.Key(text.Text)) {
				return text.Text
			}
		}
	}
	return ""
}

// commands are all commands under a node, those in parentheses too.
func commands(n parse.Node) []*parse.CommandNode {
	var found []*parse.CommandNode
	pipe := func(p *parse.PipeNode) {
		if p == nil {
			return
		}
		for _, c := range p.Cmds {
			found = append(found, c)
			for _, a := range c.Args {
				found = append(found, commands(a)...)
			}
		}
	}
	branch := func(b *parse.BranchNode) {
		pipe(b.Pipe)
		found = append(found, commands(b.List)...)
		found = append(found, commands(b.ElseList)...)
	}
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				found = append(found, commands(child)...)
			}
		}
	case *parse.ActionNode:
		pipe(n.Pipe)
	case *parse.TemplateNode:
		pipe(n.Pipe)
	case *parse.PipeNode:
		pipe(n)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	}
	return found
}
