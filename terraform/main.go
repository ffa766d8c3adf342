// Terraform provider of Gatehouse.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/provider"
)

// version is set by the linker at a release.
var version = "dev"

func main() {
	var debug bool
	flag.BoolVar(&debug, "debug", false, "serve a debugger instead of Terraform")
	flag.Parse()
	silenceUnreadLogs()
	relaxGarbageCollection()
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: "registry.terraform.io/gatehouse/gatehouse",
		Debug:   debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
