import { delimiter, join } from "node:path";
import { expect } from "chai";
import { root } from "../support/root.ts";
import { type Service, startService } from "../support/service.ts";
import { installClient, runProgram } from "./client-cache.fixture.ts";

const directory = join(root, "test/clients/java");
const pom = join(directory, "pom.xml");

/**
 * The client of SCIM-SDK (https://github.com/Captain-P-Goldfish/SCIM-SDK), which plug-ins for Keycloak use. It rejects
 * responses without the media type of SCIM, so that a status alone proves little.
 */
describe("SCIM-SDK's Java client", () => {
  it("creates, finds, replaces, patches and deletes users and groups", async function () {
    this.timeout(400_000);
    const libraries = await installClient(
      "scim-sdk-client",
      pom,
      (target) =>
        runProgram("mvn", ["-B", "-q", "-f", pom, "dependency:copy-dependencies", `-DoutputDirectory=${target}`], {
          timeoutMs: 240_000,
        }),
      { isRequiredInCi: false },
    );
    if (libraries === undefined) return this.skip();
    const service: Service = await startService();
    const { secret } = await service.issueToken({ scopes: ["admin:scim"] });
    const environment = { BASE_URL: `http://127.0.0.1:${service.port}/scim/v2`, TOKEN: secret };
    const classPath = [join(libraries, "*"), directory].join(delimiter);
    const program = join(directory, "Conversation.java");
    const output = await runProgram("java", ["-cp", classPath, program], { environment });
    expect(output.trim().split("\n")).to.deep.equal([
      "ServiceProviderConfig patch=true",
      "create user 201 success",
      "create it again 409 error",
      "get user 200 success",
      "find user 200 success",
      "found 1",
      "search users 200 success",
      "replace user 200 success",
      "patch title 200 success",
      "deactivate 200 success",
      "create group 201 success",
      "remove member 204 success",
      "add member 204 success",
      "delete group 204 success",
      "delete user 204 success",
      "get deleted user 404 error",
    ]);
    await service.dispose();
  });
});
