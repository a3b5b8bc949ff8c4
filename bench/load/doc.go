// Package load makes HTTP load cheaply enough for one core to saturate another:
// keep-alive connections over net.Conn, requests written by hand, answers read
// in place. It reads only what the measured servers send (HTTP/1.1 with
// Content-Length or chunks) and is no general client.
package load
