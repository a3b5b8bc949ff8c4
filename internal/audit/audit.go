// Package audit owns what happened, by whom, as typed events.
//
// A keeper or judge that changes something makes an Event and hands it to the
// store call that makes the change, so that both are one transaction: for every
// change exactly one record. Refusals are not records but log lines.
//
// It refuses to know storage and requests; Actor travels in the context because
// it says who acts, not what is done.
package audit

import "context"

// Kind is what happened.
type Kind string

// The kinds of events.
const (
	SignedIn        Kind = "session.begin"
	Reauthenticated Kind = "session.renew"
	SessionEnded    Kind = "session.end"
	AccountCreated  Kind = "account.create"
	AccountUpdated  Kind = "account.update"
	AccountDisabled Kind = "account.disable"
	AccountEnabled  Kind = "account.enable"
	AccountDeleted  Kind = "account.delete"
	PasswordSet     Kind = "account.password"
	AddressVerified Kind = "account.verify"
	AddressLost     Kind = "account.unclaim" // never proved, and somebody else did
	AccountDisowned Kind = "account.not_me"
	ConsentGiven    Kind = "consent.give"
	GrantRevoked    Kind = "grant.revoke"
	CodeReplayed    Kind = "code.replay"
	RefreshReplayed Kind = "refresh.replay"
	TokenRevoked    Kind = "token.revoke"
	ClientCreated   Kind = "client.create"
	ClientUpdated   Kind = "client.update"
	ClientDeleted   Kind = "client.delete"
	ClientSecret    Kind = "client.secret"
	TenantCreated   Kind = "tenant.create"
	TenantUpdated   Kind = "tenant.update"
	TenantDeleted   Kind = "tenant.delete"
	ObjectChanged   Kind = "object.change"
	KeyAdded        Kind = "key.add"
	KeyRevoked      Kind = "key.revoke"
	LogoutReplayed  Kind = "logout.replay"
	LogoutTested    Kind = "logout.test"
)

// Actor is who acts: "account:SUB", "client:ID", "cli", "apply", "system",
// or "anonymous"; with the network address and the request's id when there is one.
type Actor struct{ Name, Address, RequestID string }

// Event is one record. Data is a small JSON object without secrets.
type Event struct {
	Kind               Kind
	Sub, ClientID, SID string
	Data               map[string]string
}

type actorKey struct{}

// WithActor returns a context that carries who acts.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf returns who acts; "system" when nobody said.
func ActorOf(ctx context.Context) Actor {
	if a, ok := ctx.Value(actorKey{}).(Actor); ok {
		return a
	}
	return Actor{Name: "system"}
}
