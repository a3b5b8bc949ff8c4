package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// postgres is a PostgreSQL of its own, durable, on the core of the load.
type postgres struct {
	dir, port string
	cmd       *exec.Cmd
}

func (b *bench) startPostgres() (*postgres, error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	p := &postgres{}
	_, p.port, _ = net.SplitHostPort(addr)
	if p.dir, err = os.MkdirTemp("", "foyer-bench-pg-"); err != nil {
		return nil, err
	}
	b.stops = append(b.stops, p.stop)
	who, err := notRoot(p.dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(p.dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = who, p.dir
	if text, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, text)
	}
	log, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-p", p.port, "-k", p.dir,
		"-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=128MB", "-c", "max_connections=100", "-c", "max_wal_size=2GB")
	p.cmd.SysProcAttr, p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = who, p.dir, log, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for _, name := range []string{"foyer", "floor"} {
		if err := p.create(bin, name); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *postgres) create(bin, name string) (err error) {
	for range 600 {
		var text []byte
		text, err = exec.Command(filepath.Join(bin, "createdb"), "-h", "127.0.0.1", "-p", p.port, "-U", "bench", name).CombinedOutput()
		if err == nil {
			return nil
		}
		err = fmt.Errorf("createdb: %w\n%s", err, text)
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

func (p *postgres) url(name string) string {
	return "postgres://bench@127.0.0.1:" + p.port + "/" + name + "?sslmode=disable"
}

func (p *postgres) stop() {
	if p.cmd != nil && p.cmd.Process != nil {
		p.cmd.Process.Signal(syscall.SIGINT) // fast shutdown
		p.cmd.Wait()
	}
	os.RemoveAll(p.dir)
}

// cpu is the processor time of all its processes, those that ended too.
func (p *postgres) cpu() time.Duration {
	const tick = 10 * time.Millisecond // USER_HZ
	post := p.cmd.Process.Pid
	sum := cpu(post)
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		f := statFields(pid)
		if len(f) < 17 {
			continue
		}
		if pid == post { // cutime, cstime
			user, _ := strconv.Atoi(f[13])
			system, _ := strconv.Atoi(f[14])
			sum += time.Duration(user+system) * tick
		}
		if f[1] == strconv.Itoa(post) {
			sum += cpu(pid)
		}
	}
	return sum
}

// statFields are the fields of /proc/PID/stat from the third on.
func statFields(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.Fields(rest)
}

// postgresBin is the directory of initdb and postgres.
func postgresBin() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		path, err = filepath.EvalSymlinks(path)
		return filepath.Dir(path), err
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errors.New("no initdb in PATH or /usr/lib/postgresql: install PostgreSQL 15 or newer, or leave it out with -only")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// notRoot gives the directory to the user postgres where this runs as root,
// which PostgreSQL refuses.
func notRoot(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{}
	if os.Getuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, uid, gid)
}
