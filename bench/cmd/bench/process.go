package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// process is a server that runs on its core.
type process struct {
	cmd *exec.Cmd
	log string // file with what it said
}

// start runs a program on the servers' core with two threads that run Go: a
// write that waits for the disk must not stop the others.
func start(dir, bin string, args ...string) (*process, error) {
	log, err := os.Create(filepath.Join(dir, filepath.Base(bin)+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	argv := append([]string{bin}, args...)
	if taskset, err := exec.LookPath("taskset"); err == nil && runtime.NumCPU() > 0 {
		argv = append([]string{taskset, "-c", serverCore}, argv...)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.Env = append(os.Environ(), "GOMAXPROCS=2")
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd, log.Name()}, nil
}

// stop asks the process to end and waits for it.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	killer := time.AfterFunc(20*time.Second, func() { p.cmd.Process.Kill() })
	defer killer.Stop()
	p.cmd.Wait()
}

// said is the end of the process's output, for an error.
func (p *process) said() string {
	text, _ := os.ReadFile(p.log)
	return string(text[max(0, len(text)-2000):])
}

// cpu is the processor time of a process, its ended threads too: the clock of
// clock_getcpuclockid(3).
func cpu(pid int) time.Duration {
	const cpuClockSched = 2
	clock := int32(^uint32(pid))<<3 | cpuClockSched
	var ts syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&ts)), 0)
	if errno != 0 {
		return 0 // it has ended
	}
	return time.Duration(ts.Nano())
}

func (p *process) cpu() time.Duration { return cpu(p.cmd.Process.Pid) }

// resident is the memory that the process holds, in bytes.
func (p *process) resident() (int64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		if rest, ok := strings.CutPrefix(scan.Text(), "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("no VmRSS of process %d", p.cmd.Process.Pid)
}
