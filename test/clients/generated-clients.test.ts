import { expect } from "chai";
import { type Service, startService } from "../support/service.ts";
import { runProgram } from "./client-cache.fixture.ts";
import { clientGenerators, type GeneratedProgram } from "./generated-clients.fixture.ts";
import { openapiGeneratorGo, openapiGeneratorJava } from "./openapi-generator.fixture.ts";

const userEmail = "ada@example.com";

/** Clients that users generate from `openapi.yaml` and `openapi-user.yaml`, with the default settings of each generator. */
describe("Generated clients", () => {
  let service: Service;
  let environment: Record<string, string>;
  before(async () => {
    service = await startService();
    const { secret } = await service.issueToken({ scopes: ["all"] });
    await service.clientWithSecret(secret).post("/api/users").send({ userName: userEmail, active: true }).expect(201);
    const connect = await service.issueToken({ scopes: ["connect:write"], type: "agent" });
    environment = {
      BASE_URL: `http://127.0.0.1:${service.port}`,
      ADMIN_TOKEN: secret,
      CONNECT_TOKEN: connect.secret,
      USER_EMAIL: userEmail,
    };
  });
  after(() => service.dispose());

  for (const [index, { name, build }] of [...clientGenerators, openapiGeneratorGo, openapiGeneratorJava].entries()) {
    describe(name, () => {
      let program: GeneratedProgram;
      before(async function () {
        this.timeout(900_000);
        const built = await build();
        if (built === undefined) return this.skip();
        program = built;
      });

      it("lists, creates, removes a field by a patch with null, and shows a problem, in both views", async function () {
        this.timeout(180_000);
        const { command, args } = program;
        const output = await runProgram(command, args, {
          environment: { ...environment, ...program.environment, SLUG: `weather-${index}` },
        });
        expect(JSON.parse(output)).to.deep.equal({
          created: 201,
          everyone: true,
          header: "X-Key",
          hasEnvironment: false,
          problem: "urn:gatehouse:problem:not-found",
          isUsable: true,
          skillCreated: 201,
          hasDescription: false,
          userProblem: "urn:gatehouse:problem:not-found",
        });
      });
    });
  }
});
