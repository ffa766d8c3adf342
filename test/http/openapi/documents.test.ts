import { expect } from "chai";
import { buildOpenApiDocument } from "../../../src/http/openapi/document.ts";
import { documentViews } from "../../../src/http/openapi/documented-operation.ts";
import { buildDocuments } from "../../../src/http/openapi/documents.ts";
import { renderReferencePage } from "../../../src/http/openapi/reference-page.ts";
import { toYaml } from "../../../src/http/openapi/yaml.ts";
import { countTurnsDuring } from "../../support/event-loop.ts";

const options = { serverUrl: "https://gatehouse.example.com" };

describe("buildDocuments", () => {
  it("returns the documents in all forms, and leaves the event loop free meanwhile", async () => {
    let documents: object = {};
    const turns = await countTurnsDuring(async () => {
      documents = await buildDocuments(options);
    });
    const expected = documentViews.map((view) => {
      const document = buildOpenApiDocument(view, options);
      const forms = {
        yaml: toYaml(document),
        json: JSON.stringify(document),
        referencePage: renderReferencePage(document, view),
      };
      return [view, forms];
    });
    expect(documents).to.deep.equal(Object.fromEntries(expected));
    expect(turns).to.be.at.least(20);
  });
});
