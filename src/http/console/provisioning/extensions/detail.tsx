import type { RequestHandler } from "express";
import type { VNode } from "preact";
import type { ScimExtensionAttribute } from "../../../../../schemas/scim-extension.ts";
import { CardTable, Fact } from "../../facts.tsx";
import type { PageOptions } from "../../options.ts";
import { Layout, sendHtmlPage } from "../../page.tsx";
import { Time } from "../../time.tsx";
import { requireVisit } from "../../visit.ts";
import { readExtension } from "./options.ts";

/** Shows one extension schema with its attributes. */
export function showExtension(options: PageOptions): RequestHandler {
  const { base } = options;
  return async (req, res) => {
    req.operationId = "consoleShowExtension";
    const visit = requireVisit(req);
    const extension = await readExtension(options, req);
    const { id, urn, name, resourceType, description, attributes, removedAttributes = [] } = extension;
    const url = `${base}/provisioning/extensions`;
    sendHtmlPage(
      res,
      200,
      <Layout title={urn} base={base} visit={visit}>
        <p class="trail">
          <a href={`${base}/provisioning`}>Provisioning</a> / <a href={url}>Extension schemas</a>
        </p>
        <h1>{urn}</h1>
        {description !== "" && <p>{description}</p>}
        {visit.caller.scopes.has("admin:write") && (
          <div class="actions">
            <a class="button" href={`${url}/${id}/edit`}>
              Edit
            </a>
            <a class="button danger" href={`${url}/${id}/delete`}>
              Delete
            </a>
          </div>
        )}
        <dl class="facts">
          {name !== undefined && <Fact name="Name">{name}</Fact>}
          <Fact name="Extends">{resourceType}</Fact>
          <Fact name="Created">
            <Time at={extension.createdAt} absent="" />
          </Fact>
          <Fact name="Changed">
            <Time at={extension.updatedAt} absent="" />
          </Fact>
        </dl>
        <h2>Attributes</h2>
        <AttributeTable caption="Attributes" attributes={attributes} />
        {removedAttributes.length > 0 && (
          <>
            <h2>Removed attributes</h2>
            <p class="muted">No longer declared, but their values are still stored. They return when declared again.</p>
            <AttributeTable caption="Removed attributes" attributes={removedAttributes} />
          </>
        )}
        <p class="actions">
          <a href={`${base}/audit?targetId=${id}`}>Changes of this schema</a>
        </p>
      </Layout>,
    );
  };
}

const columns = ["Name", "Type", "Characteristics", "Description"] as const;

const AttributeTable = ({
  caption,
  attributes,
}: {
  readonly caption: string;
  readonly attributes: readonly ScimExtensionAttribute[];
}): VNode => (
  <CardTable caption={caption} columns={columns}>
    {attributes.map((attribute) => (
      <tr key={attribute.name}>
        <th scope="row">
          {attribute.name}
          {attribute.subAttributes && (
            <span class="sub">with {attribute.subAttributes.map((each) => each.name).join(", ")}</span>
          )}
        </th>
        <td data-label="Type">
          {attribute.type}
          {attribute.multiValued && <span class="sub">several values</span>}
        </td>
        <td data-label="Characteristics">{toCharacteristics(attribute).join(", ")}</td>
        <td data-label="Description">{attribute.description}</td>
      </tr>
    ))}
  </CardTable>
);

const toCharacteristics = ({ required, caseExact, mutability, indexed }: ScimExtensionAttribute): readonly string[] => [
  ...(required ? ["required"] : []),
  ...(caseExact ? ["case-sensitive"] : []),
  ...(mutability === "immutable" ? ["immutable"] : []),
  ...(indexed ? ["indexed"] : []),
];
