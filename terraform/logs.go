package main

import (
	"os"
	"strings"
)

// logVariables are those by which the libraries of the provider select what they log.
var logVariables = []string{"TF_LOG_SDK", "TF_LOG_SDK_PROTO", "TF_LOG_SDK_FRAMEWORK"}

// silenceUnreadLogs turns off the logs of the libraries unless a variable such as TF_LOG requests logs. They write some
// hundred lines for each resource, and Terraform parses every line before it drops it: more work than the plan itself.
func silenceUnreadLogs() {
	for _, variable := range os.Environ() {
		if strings.HasPrefix(variable, "TF_LOG") {
			return
		}
	}
	for _, name := range logVariables {
		_ = os.Setenv(name, "off")
	}
}
