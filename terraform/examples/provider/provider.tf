terraform {
  required_providers {
    gatehouse = {
      source  = "gatehouse/gatehouse"
      version = "~> 0.2"
    }
  }
}

# The token is in the variable GATEHOUSE_TOKEN.
provider "gatehouse" {
  endpoint = "https://gatehouse.example.com"
}
