package app

import (
	"context"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/letter"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/secret"
)

// newWorker makes the worker of this node, which wakes for what transitions of
// this process put into the outbox.
func (s *Server) newWorker() *outbox.Worker {
	handlers := map[outbox.Kind]outbox.Handler{logout.Backchannel: s.Deliverer.Deliver, letter.Kind: s.Sender.Send}
	for kind, h := range handlers {
		handlers[kind] = s.tracing.job(kind, h)
	}
	w := outbox.NewWorker(outbox.Options{
		Store: s.Store, Now: s.Now, Holder: secret.Random(12), Log: s.Log, Stretch: secret.Stretch, Observe: s.metrics.attempted, GaveUp: s.metrics.gaveUp,
		Handlers: handlers,
	})
	s.DB.OnQueued(w.Wake)
	s.metrics.watchOutbox(s.Store, w)
	return w
}

// runWorker works until the returned function is called, which waits for the
// attempts under way.
func (s *Server) runWorker(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(audit.WithActor(context.WithoutCancel(ctx), audit.Actor{Name: "system"}))
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.reportPanic("outbox")
		s.Worker.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

const (
	expireEvery = 5 * time.Second
	expireBatch = 200 // sessions of a tenant in one transition
)

// expireSessions ends sessions whose time is over, so that their applications
// are told, until ctx ends.
func (s *Server) expireSessions(ctx context.Context) {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		n, err := s.Logout.Expire(ctx, s.Now(), expireBatch)
		if err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "sessions not expired", "err", err)
		}
		if n == expireBatch { // there may be more, whatever failed
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
