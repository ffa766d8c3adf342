import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Environment } from "../../src/config.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { assertNoSecrets } from "../support/secrets.ts";

/** The service in a process, for one test, whose standard output is read at its end. */
export interface ServiceOutput {
  /** Starts the service on an empty store. */
  start(environment?: Environment): Promise<ServiceProcess>;
  /** Stops the service, and returns the lines of its standard output, which have no secret, that match. */
  stopAndReadLines(pattern: RegExp): Promise<readonly string[]>;
}

/** Registers the hooks of a suite that reads the standard output of the service. */
export function useServiceOutput(): ServiceOutput {
  let directory: string;
  let service: ServiceProcess;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-output-"));
  });
  afterEach(async () => {
    service.child.kill("SIGKILL");
    await rm(directory, { recursive: true, force: true });
  });
  return {
    start: async (environment = {}) => {
      service = await startProcess({ DATA_DIR: join(directory, "data"), ...environment });
      return service;
    },
    stopAndReadLines: async (pattern) => {
      const closed = once(service.child, "close");
      expect(await service.stop("SIGTERM")).to.equal(0);
      await closed; // all output has arrived
      const lines = service
        .stdout()
        .split("\n")
        .filter((line) => pattern.test(line));
      assertNoSecrets(lines.join("\n"), "standard output");
      return lines;
    },
  };
}
