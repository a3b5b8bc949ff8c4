package adminapi

import (
	"net/http"
	"slices"

	"github.com/foyer-id/foyer/internal/outbox"
)

var (
	ofClient = parameter{name: "client", about: "Only those of this client."}
	include  = parameter{name: "include", about: "ended: also sessions that have ended, for as long as they are kept (30 days).", oneOf: []string{"ended"}}
	states   = []string{string(outbox.Pending), string(outbox.Delivered), string(outbox.Refused), string(outbox.Dead)}
)

// operations are all of /admin/v1. openapi.json is among them by init, because
// it describes them.
var operations = []operation{
	{
		method: http.MethodGet, path: "/sessions", id: "listSessions", scope: "admin.sessions:read",
		summary: "List sessions", about: "Sessions that are alive, newest first.",
		query: slices.Concat([]parameter{
			{name: "account", about: "Only those of this account: sub, e-mail address or mobile number."}, ofClient, include,
		}, paged),
		status: http.StatusOK, answer: Page[Session]{}, refusals: []int{http.StatusNotFound}, run: (*API).listSessions,
	},
	{
		method: http.MethodGet, path: "/sessions/{sid}", id: "getSession", scope: "admin.sessions:read",
		summary: "Show a session", about: "One session, also after its end, with the clients in it and what they were told.",
		status: http.StatusOK, answer: SessionDetail{}, refusals: []int{http.StatusNotFound}, run: (*API).getSession,
	},
	{
		method: http.MethodDelete, path: "/sessions/{sid}", id: "endSession", scope: "admin.sessions:write",
		summary: "End a session", about: "Ends one session and tells its clients. One that has ended stays as it is.",
		status: http.StatusNoContent, refusals: []int{http.StatusNotFound}, run: (*API).endSession,
	},
	{
		method: http.MethodGet, path: "/accounts/{sub}/sessions", id: "listAccountSessions", scope: "admin.sessions:read",
		summary: "List the sessions of an account", about: "As listSessions with account.",
		query:  slices.Concat([]parameter{ofClient, include}, paged),
		status: http.StatusOK, answer: Page[Session]{}, refusals: []int{http.StatusNotFound}, run: (*API).listAccountSessions,
	},
	{
		method: http.MethodDelete, path: "/accounts/{sub}/sessions", id: "endAccountSessions", scope: "admin.sessions:write",
		summary: "Sign an account out everywhere", about: "Ends every session of the account and tells the clients of each.",
		status: http.StatusNoContent, refusals: []int{http.StatusNotFound}, run: (*API).endAccountSessions,
	},
	{
		method: http.MethodGet, path: "/logout-deliveries", id: "listLogoutDeliveries", scope: "admin.logout-deliveries:read",
		summary: "List logout deliveries", about: "What clients were told of ended sessions and what came of it, newest first.",
		query: slices.Concat([]parameter{
			ofClient, {name: "state", about: "Only those in this state.", oneOf: states},
			{name: "session", about: "Only those of the session with this sid."},
		}, paged),
		status: http.StatusOK, answer: Page[Delivery]{}, refusals: []int{http.StatusNotFound}, run: (*API).listDeliveries,
	},
	{
		method: http.MethodGet, path: "/logout-deliveries/{id}", id: "getLogoutDelivery", scope: "admin.logout-deliveries:read",
		summary: "Show a logout delivery",
		status:  http.StatusOK, answer: Delivery{}, refusals: []int{http.StatusNotFound}, run: (*API).getDelivery,
	},
	{
		method: http.MethodPost, path: "/logout-deliveries/{id}/replay", id: "replayLogoutDelivery", scope: "admin.logout-deliveries:write",
		summary: "Tell a client again", about: "Makes a settled delivery pending and due, with the time of a new one before it.",
		status: http.StatusAccepted, answer: Delivery{}, refusals: []int{http.StatusNotFound, http.StatusConflict}, run: (*API).replayDelivery,
	},
	{
		method: http.MethodGet, path: "/clients", id: "listClients", scope: "admin.clients:read",
		summary: "List clients", about: "In order of client_id.", query: paged,
		status: http.StatusOK, answer: Page[Client]{}, run: (*API).listClients,
	},
	{
		method: http.MethodGet, path: "/clients/{client}", id: "getClient", scope: "admin.clients:read",
		summary: "Show a client", about: "Its metadata, never a secret.",
		status: http.StatusOK, answer: Client{}, refusals: []int{http.StatusNotFound}, run: (*API).getClient,
	},
	{
		method: http.MethodGet, path: "/accounts", id: "listAccounts", scope: "admin.accounts:read",
		summary: "List accounts", about: "In order of sub.",
		query:  slices.Concat([]parameter{{name: "query", about: "Only those of which an e-mail address, a number or the sub begins so."}}, paged),
		status: http.StatusOK, answer: Page[Account]{}, run: (*API).listAccounts,
	},
	{
		method: http.MethodGet, path: "/accounts/{sub}", id: "getAccount", scope: "admin.accounts:read",
		summary: "Show an account",
		status:  http.StatusOK, answer: Account{}, refusals: []int{http.StatusNotFound}, run: (*API).getAccount,
	},
	{
		method: http.MethodPost, path: "/clients/{client}/test-backchannel-logout", id: "testBackchannelLogout", scope: "admin.clients:write",
		summary: "Ask a client whether it listens", about: "Sends one logout token of a session that nobody has, now, and says what came back.",
		status: http.StatusOK, answer: Trial{}, refusals: []int{http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests}, run: (*API).testClient,
	},
}
