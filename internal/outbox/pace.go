package outbox

import "time"

// How fast a lane is served, on each node.
const (
	firstRoom = 2  // jobs at a time, until something is known of the receiver
	maxRoom   = 16 // and when it answers
	tolerated = 3  // failures in a row before the lane pauses
	minPause  = 5 * time.Second
	maxPause  = time.Minute
)

// pace is what a node knows of a lane's receiver. After some failures in a row
// the lane pauses, then a single job tries whether the receiver is back: the
// others keep their attempts, and all follow at once when it is.
type pace struct {
	room     int
	failures int
	until    time.Time // paused
}

func newPace() pace { return pace{room: firstRoom} }

// note takes an outcome into account; stretch varies a pause.
func (p *pace) note(failing bool, now time.Time, stretch func(time.Duration) time.Duration) {
	if !failing {
		p.room, p.failures, p.until = min(p.room+1, maxRoom), 0, time.Time{}
		return
	}
	p.room = 1
	p.failures++
	if p.failures >= tolerated {
		p.until = now.Add(stretch(pause(p.failures - tolerated)))
	}
}

// pause doubles from minPause to maxPause.
func pause(n int) time.Duration {
	return min(minPause<<min(n, 10), maxPause)
}

// open tells whether the lane may try something.
func (p *pace) open(now time.Time) bool { return !now.Before(p.until) }
