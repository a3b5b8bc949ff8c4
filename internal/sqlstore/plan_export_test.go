package sqlstore

// Plans are statements that must find their rows by the index they name.
var Plans = map[string]string{
	accountSessionIDs:    "sessions_sub",
	countSessions:        "sessions_sub",
	overAbsolutely:       "sessions_absolute",
	overIdle:             "sessions_idle",
	leaseJobs:            "outbox_due",
	expiredJobs:          "outbox_settled",
	failedLanes:          "outbox_settled",
	lastFailure:          "outbox_lane",
	sessionsOfClient:     "participants_client",
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
	deleteIdentifiers:    "identifiers_sub",
	deleteConsents:       "consents_client",
	deleteParticipants:   "participants_client",
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
