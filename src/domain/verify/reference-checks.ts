import type { Token } from "../../../schemas/token.ts";
import {
  commands,
  connections,
  exchanges,
  mcpServers,
  skills,
  tokens,
  toolkits,
  upstreamCredentials,
  users,
  webhooks,
} from "../../store/collections.ts";
import type { Entity } from "../../store/record.ts";
import type { CollectionDefinition } from "../../store/store.ts";
import { assignableCollections } from "../catalog/references.ts";
import type { CatalogResource } from "../catalog/resource.ts";
import { collectReferences, policyType, toolkitType } from "../catalog/resource-types.ts";
import { toTokenStatus } from "../tokens/status.ts";
import { readAncestors } from "../tokens/verify/ancestors.ts";
import type { StoredRecord } from "../transfer/transferred-collections.ts";
import type { RecordCheck } from "./record-checks.ts";
import { findExistingRecords } from "./tenant-context.ts";
import type { Finding } from "./violation.ts";

/** A field with the id of another record. */
interface IdReference {
  readonly field: string;
  readonly to: CollectionDefinition<Entity>;
  /** The prefix of the ids in the field that belong to the collection. */
  readonly prefix: string;
}

const userReference = (field: string): IdReference => ({ field, to: users, prefix: "usr_" });

/** The references by id whose ends must exist, by the collection that has them. */
const idReferences: ReadonlyMap<string, readonly IdReference[]> = new Map([
  [tokens.name, [userReference("userId")]],
  [connections.name, [userReference("userId"), { field: "mcpServerId", to: mcpServers, prefix: "srv_" }]],
  [exchanges.name, [userReference("userId")]],
  [toolkits.name, [userReference("ownerId")]],
  [skills.name, [userReference("ownerId")]],
  [commands.name, [userReference("ownerId")]],
  [
    upstreamCredentials.name,
    [
      { field: "holderId", to: mcpServers, prefix: "srv_" },
      { field: "holderId", to: connections, prefix: "con_" },
      { field: "holderId", to: webhooks, prefix: "whk_" },
    ],
  ],
]);

/** What a record belongs to exists, unless it is being removed. */
export const checkIdReferences: RecordCheck = async ({ tenant, pendingSubjects }, { definition }, records) => {
  const findings: Finding[] = [];
  for (const { field, to, prefix } of idReferences.get(definition.name) ?? []) {
    const referring = records.filter((record) => String(record[field] ?? "").startsWith(prefix));
    const existing = await findExistingRecords(
      tenant,
      to,
      referring.map((record) => String(record[field])),
    );
    for (const record of referring) {
      const target = String(record[field]);
      if (existing.has(target) || isPending(record, target, pendingSubjects)) continue;
      findings.push({ violation: "reference-missing", id: record.id, detail: `${field}: there is no ${target}` });
    }
  }
  return findings;
};

/** Records of a removed user or server are removed after it, and a credential after its connection. */
const isPending = (record: StoredRecord, target: string, pending: ReadonlySet<string>): boolean =>
  [target, record["userId"], record["mcpServerId"]].some((id) => pending.has(String(id)));

/**
 * The catalog resources that toolkits and policies of the organization name exist. Users and groups may be missing: an
 * identity provider removes them regardless of references, and references of user-owned resources block nothing.
 */
export const checkSlugReferences: RecordCheck = async ({ tenant }, { definition }, records) => {
  const type = [toolkitType, policyType].find(({ collection }) => collection.name === definition.name);
  if (!type) return [];
  const findings: Finding[] = [];
  for (const record of records as unknown as readonly (CatalogResource & StoredRecord)[]) {
    if (record.ownerId !== undefined) continue;
    const references = collectReferences(record as never, type as never);
    for (const [kind, collection] of Object.entries(assignableCollections)) {
      const slugs = [...new Set(references.filter((each) => each.kind === kind).map(({ name }) => name))];
      if (slugs.length === 0) continue;
      const where = { op: "in", path: "lookup.key", values: slugs } as const;
      if ((await tenant.open(collection).count(where)) >= slugs.length) continue;
      findings.push({
        violation: "reference-missing",
        id: record.id,
        detail: `names a ${kind} that does not exist`,
      });
    }
  }
  return findings;
};

/** The tokens that an active derived token depends on exist, and an active imported token without checksum has a marker. */
export const checkTokens: RecordCheck = async ({ tenant, legacyTokenIds }, { definition }, records) => {
  if (definition.name !== tokens.name) return [];
  const active = (records as unknown as readonly Token[]).filter(
    (token) => !["revoked", "expired"].includes(toTokenStatus(token)),
  );
  const findings: Finding[] = [];
  for (const token of active) {
    if (token.parentId === undefined || (await readAncestors(tenant.open(tokens), token))) continue;
    const detail = "parentId: the token has no root, so that it is not valid";
    findings.push({ violation: "parent-invalid", id: token.id, detail });
  }
  for (const { id, format } of active) {
    if (format === undefined || legacyTokenIds.has(id)) continue;
    findings.push({ violation: "legacy-marker-missing", id, detail: "format: the secret is not looked up" });
  }
  return findings;
};
