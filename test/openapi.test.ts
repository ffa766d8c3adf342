import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { callerSchema } from "../schemas/caller.ts";
import { problem } from "../schemas/problem.ts";
import { operations } from "../src/http/api/operations.ts";
import { openApiDocument } from "../src/http/openapi.ts";
import { root } from "./support/root.ts";
import { startService } from "./support/service.ts";

describe("openapi.yaml", () => {
  it("is what the code prints", async () => {
    const committed = parse(await readFile(join(root, "openapi.yaml"), "utf8"));
    expect(committed).to.deep.equal(JSON.parse(JSON.stringify(openApiDocument())));
  });

  it("tells the truth: the answers fit the declared schemas", async () => {
    const service = await startService();
    const token = await service.as(["all"]);
    callerSchema.strict().parse((await token.get("/api/whoami").expect(200)).body);
    problem.strict().parse((await service.with().get("/api/whoami").expect(401)).body);
    problem.strict().parse((await token.delete("/api/whoami").expect(405)).body);
    await service.dispose();
  });

  it("names each operation once, for generated clients", () => {
    const names = operations.map(({ operationId }) => operationId);
    expect(new Set(names).size).to.equal(names.length);
  });
});
