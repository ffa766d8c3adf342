package main

import (
	"os"
	"strings"
	"testing"
)

func TestLogs(t *testing.T) {
	for _, requested := range []string{"", "TF_LOG", "TF_LOG_PROVIDER", "TF_LOG_SDK_FRAMEWORK"} {
		t.Run("the libraries log only what a variable requests: "+requested, func(t *testing.T) {
			for _, variable := range os.Environ() {
				if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "TF_LOG") {
					t.Setenv(name, value) // restores it after the test
					_ = os.Unsetenv(name)
				}
			}
			for _, name := range logVariables {
				t.Setenv(name, "")
				_ = os.Unsetenv(name)
			}
			expected := "off"
			if requested != "" {
				t.Setenv(requested, "trace")
				expected = ""
			}
			silenceUnreadLogs()
			for _, name := range logVariables {
				if value := os.Getenv(name); name != requested && value != expected {
					t.Errorf("%s is %q, not %q", name, value, expected)
				}
			}
		})
	}
}
