package app

import (
	"net/http"
	"testing"
	"time"
)

func TestDS4_TimeoutsOfTheServer(t *testing.T) {
	t.Parallel()
	s := httpServer(http.NotFoundHandler())
	if s.ReadHeaderTimeout != 5*time.Second || s.ReadTimeout != 15*time.Second || s.WriteTimeout != 30*time.Second || s.IdleTimeout != time.Minute ||
		s.MaxHeaderBytes != 32<<10 || s.HTTP2.MaxConcurrentStreams != 100 {
		t.Errorf("limits of the listener: %+v", s)
	}
}
