import { expect } from "chai";
import { buildOpenApiDocument } from "../../../src/http/openapi/document.ts";
import { buildDocuments } from "../../../src/http/openapi/documents.ts";
import { renderReferencePage } from "../../../src/http/openapi/reference-page.ts";
import { toYaml } from "../../../src/http/openapi/yaml.ts";
import { countTurnsDuring } from "../../support/event-loop.ts";

describe("buildDocuments", () => {
  it("returns the document in all forms, and leaves the event loop free meanwhile", async () => {
    let documents: object = {};
    const turns = await countTurnsDuring(async () => {
      documents = await buildDocuments();
    });
    const document = buildOpenApiDocument();
    const expected = {
      yaml: toYaml(document),
      json: JSON.stringify(document),
      referencePage: renderReferencePage(document),
    };
    expect(documents).to.deep.equal(expected);
    expect(turns).to.be.at.least(20);
  });
});
