package sqlstore

import (
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
)

// Plans are statements that must find their rows by the index they name.
var Plans = map[string]string{
	accountSessionIDs:                         "sessions_sub",
	countSessions:                             "sessions_sub",
	overAbsolutely.text(0):                    "sessions_absolute",
	overAbsolutely.text(2):                    "sessions_absolute",
	overIdle.text(0):                          "sessions_idle",
	overIdle.text(2):                          "sessions_idle",
	giveUpJobs:                                "outbox_due",
	leaseJobs:                                 "outbox_due",
	deliveriesOf(logout.Query{Session: 1}):    "outbox_session",
	deliveriesOf(logout.Query{ClientID: "x"}): "outbox_lane",
	deliveriesOf(logout.Query{State: outbox.Pending}):             "outbox_due",
	deliveriesOf(logout.Query{ClientID: "x", State: outbox.Dead}): "outbox_lane",
	deliveriesOf(logout.Query{State: outbox.Dead}):                "outbox_dead",
	expiredJobs:          "outbox_settled",
	failedLanes:          "outbox_settled",
	lastFailure:          "outbox_lane",
	clientSessionIDs:     "participants_client",
	endedSessions:        "sessions_ended",
	expiredGrants:        "grants_expiry",
	expiredRefresh:       "refresh_expiry",
	expiredAccess:        "access_expiry",
	expiredJTIs:          "revoked_expiry",
	closedSuccessor:      "refresh_sealed",
	expiredSeen:          "seen_expiry",
	expiredProgress:      "progress_expiry",
	expiredDevices:       "devices_expiry",
	redeemCode:           "PRIMARY KEY",
	rotateToken:          "PRIMARY KEY",
	youngerDie:           "PRIMARY KEY",
	deleteIdentifiers:    "identifiers_sub",
	clientConsents:       "consents_client",
	supersededByBrowser:  "challenges_address",
	supersededByAccount:  "challenges_sub",
	challengesOfAccount:  "challenges_sub",
	otherClaims:          "challenges_address",
	expiredChallenges:    "challenges_expiry",
	expiredAlerts:        "alerts_expiry",
	laterAlerts:          "alerts_sub",
	useAlert:             "alerts_sub",
	addedSince:           "identifiers_sub",
	sessionsOf("x", ""):  "sessions_sub",
	sessionsOf("", "x"):  "participants_client",
	sessionsOf("x", "x"): "sessions_sub",
	recordsOf("x", ""):   "sessions_sub",
	recordsOf("", "x"):   "participants_client",
	recordsOf("x", "x"):  "sessions_sub",
}

func recordsOf(sub, clientID string) string {
	text, _ := listRecords(sub, clientID)
	return text
}

func sessionsOf(sub, clientID string) string {
	text, _ := listSessions(sub, clientID)
	return text
}

func deliveriesOf(q logout.Query) string {
	text, _ := listDeliveries("x", q)
	return text
}
