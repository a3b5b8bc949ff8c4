package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// timeout is the longest that one exchange may take.
const timeout = 20 * time.Second

// Conn is one keep-alive connection. Not safe for concurrent use.
type Conn struct {
	addr string
	conn net.Conn
	buf  []byte // what was read; the present answer starts at 0
	n    int    // bytes in buf
	body []byte // decoded chunks
}

// Dial connects to addr.
func Dial(addr string) (*Conn, error) {
	c := &Conn{addr: addr, buf: make([]byte, 64<<10)}
	return c, c.dial()
}

func (c *Conn) dial() (err error) {
	c.conn, err = net.Dial("tcp", c.addr)
	c.n = 0
	return err
}

// Close closes the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// Answer is valid until the next Do of its Conn.
type Answer struct {
	Status int
	head   []byte // from the status line on, each line with its CRLF
	Body   []byte
}

// Do sends a whole request and reads its answer. After an error the connection
// is opened anew; the request is not repeated.
func (c *Conn) Do(request []byte) (Answer, error) {
	a, err := c.exchange(request)
	if err != nil {
		c.conn.Close()
		if e := c.dial(); e != nil {
			err = errors.Join(err, e)
		}
	}
	return a, err
}

func (c *Conn) exchange(request []byte) (a Answer, err error) {
	c.n = 0
	c.conn.SetDeadline(time.Now().Add(timeout))
	if _, err = c.conn.Write(request); err != nil {
		return a, err
	}
	end := -1
	for end < 0 {
		if err = c.fill(); err != nil {
			return a, err
		}
		end = bytes.Index(c.buf[:c.n], []byte("\r\n\r\n"))
	}
	a.head = c.buf[:end+2]
	if len(a.head) < 14 {
		return a, fmt.Errorf("status line %q", a.head)
	}
	if a.Status, err = strconv.Atoi(string(a.head[9:12])); err != nil {
		return a, err
	}
	switch length := a.Header("Content-Length"); {
	case length != nil:
		size, err := strconv.Atoi(string(length))
		if err != nil {
			return a, err
		}
		a.Body, err = c.need(end+4, size)
		return a, err
	case a.Header("Transfer-Encoding") != nil:
		a.Body, err = c.chunks(end + 4)
		return a, err
	}
	return a, nil
}

// fill reads once more. It never moves what was read: the buffer holds a whole
// answer, or the exchange fails.
func (c *Conn) fill() error {
	if c.n == len(c.buf) {
		return errors.New("answer over 64 KiB")
	}
	n, err := c.conn.Read(c.buf[c.n:])
	c.n += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// need returns size bytes at from.
func (c *Conn) need(from, size int) ([]byte, error) {
	for c.n < from+size {
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
	return c.buf[from : from+size], nil
}

// chunks reads a chunked body that begins at from (RFC 9112 §7.1).
func (c *Conn) chunks(from int) ([]byte, error) {
	c.body = c.body[:0]
	for {
		line := bytes.IndexByte(c.buf[from:c.n], '\n')
		for line < 0 {
			if err := c.fill(); err != nil {
				return nil, err
			}
			line = bytes.IndexByte(c.buf[from:c.n], '\n')
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(c.buf[from:from+line])), 16, 32)
		if err != nil {
			return nil, err
		}
		from += line + 1
		chunk, err := c.need(from, int(size)+2)
		if err != nil {
			return nil, err
		}
		if size == 0 {
			return c.body, nil
		}
		c.body = append(c.body, chunk[:size]...)
		from += int(size) + 2
	}
}

// Header returns the first value of a header field, nil when absent. The name
// is spelled as servers in Go spell it.
func (a Answer) Header(name string) []byte {
	for v := range a.Headers(name) {
		return v
	}
	return nil
}

// Headers ranges over the values of a header field.
func (a Answer) Headers(name string) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for rest := a.head; ; {
			_, after, ok := bytes.Cut(rest, []byte("\r\n"))
			if !ok || len(after) == 0 {
				return
			}
			rest = after
			if len(rest) > len(name)+1 && rest[len(name)] == ':' && string(rest[:len(name)]) == name {
				v, _, _ := bytes.Cut(rest[len(name)+1:], []byte("\r\n"))
				if !yield(bytes.TrimSpace(v)) {
					return
				}
			}
		}
	}
}

// String shows an answer in an error.
func (a Answer) String() string {
	body := a.Body
	if len(body) > 300 {
		body = body[:300]
	}
	return fmt.Sprintf("%d %s %s", a.Status, a.Header("Location"), body)
}
