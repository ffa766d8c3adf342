package provider

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// testService is the built service in a process of its own, with SQLite in a temporary directory.
type testService struct {
	endpoint, token string
	process         *exec.Cmd
	directory       string
}

var (
	startOnce sync.Once
	shared    *testService
	startErr  error
)

var secretPattern = regexp.MustCompile(`\bwxt_[0-9A-Za-z]{39}\b`)

// TestMain stops the service that the tests have started.
func TestMain(m *testing.M) {
	code := m.Run()
	if shared != nil {
		shared.stop()
	}
	os.Exit(code)
}

// startedService returns the service that all tests share. Each test uses names of its own.
func startedService(t *testing.T) *testService {
	t.Helper()
	startOnce.Do(func() { shared, startErr = startService() })
	if startErr != nil {
		t.Fatal(startErr)
	}
	return shared
}

func startService() (*testService, error) {
	main, err := filepath.Abs("../../../dist/src/main.js")
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(main); err != nil {
		return nil, fmt.Errorf("the service is not built; run npm run build first: %w", err)
	}
	directory, err := os.MkdirTemp("", "gatehouse-terraform-")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	process := exec.Command("node", "--disable-proto=delete", main)
	process.Env = []string{
		"PATH=" + os.Getenv("PATH"), "RATE_LIMIT=off", "ACCESS_LOG=off", "UPSTREAM_ALLOW=127.0.0.1", "DATA_DIR=" + directory, fmt.Sprintf("PORT=%d", port),
	}
	process.Stderr = os.Stderr
	if os.Getenv("TF_LOG") == "" {
		process.Stderr = nil
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	started := &testService{endpoint: fmt.Sprintf("http://127.0.0.1:%d", port), process: process, directory: directory}
	for lines := bufio.NewScanner(stdout); started.token == "" && lines.Scan(); {
		started.token = secretPattern.FindString(lines.Text())
	}
	if started.token == "" {
		started.stop()
		return nil, fmt.Errorf("the service ended without a token; start %s to see why", main)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(started.endpoint + "/readyz")
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return started, nil
			}
		}
		if time.Now().After(deadline) {
			started.stop()
			return nil, fmt.Errorf("the service is not ready: %w", err)
		}
	}
}

func (s *testService) stop() {
	_ = s.process.Process.Signal(os.Interrupt)
	_, _ = s.process.Process.Wait()
	_ = os.RemoveAll(s.directory)
}

// request sends a JSON request, and fails the test unless the service accepts it.
func (s *testService) request(t *testing.T, method, path, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, s.endpoint+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var content strings.Builder
	scanner := bufio.NewScanner(response.Body)
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		content.WriteString(scanner.Text())
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, content.String())
	}
	return content.String()
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
