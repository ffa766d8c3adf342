import { isDeepStrictEqual } from "node:util";
import type { Labels } from "../../../schemas/labels.ts";
import type { Group, LabeledGroupAttributes, MembershipChange } from "../../../schemas/user.ts";
import { groups } from "../../store/collections.ts";
import { groupFields } from "../../store/fields.ts";
import type { Page, Query } from "../../store/query.ts";
import { toAttributes } from "../../store/record.ts";
import type { Store, Transaction } from "../../store/store.ts";
import { recordAuditEvent } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import type { CascadeDeletes } from "../cleanup/cascade-deletes.ts";
import { assertVersion, type ExpectedVersion } from "../precondition.ts";
import { readProvisioningSettings } from "../provisioning-settings.ts";
import { Directory, type PutResult, type StoredAttributes } from "./directory.ts";
import { toExpectedReads } from "./expected-reads.ts";
import type { IdOrName } from "./id-or-name.ts";
import { type Editor, toEditDetails } from "./managed.ts";
import { resolveMemberConditions } from "./member-filter.ts";
import { assertMemberSet } from "./member-set.ts";
import {
  applyMembershipChanges,
  listMemberPages,
  type MembershipDiff,
  type UnknownMemberPolicy,
} from "./membership-changes.ts";

/** A change of a group's attributes, members, or both. */
export interface GroupRevision {
  /** Computes the new attributes from the stored ones; absent if only the members change. */
  readonly revise?: ReviseGroup;
  readonly members?: readonly MembershipChange[];
  /** The tags of the sets of members that the change is based on; absent: any. See `toMemberSetTag`. */
  readonly expectedMemberSets?: readonly string[] | "any" | undefined;
}

/** Computes the attributes of a group from the stored ones. Without `labels` in the result, the group keeps its labels. */
export type ReviseGroup<Current = StoredAttributes> = (current: Current, labels: Labels) => LabeledGroupAttributes;

/** A group after a change, with the members that the change added and removed. */
export interface ChangedGroup extends MembershipDiff {
  readonly group: Group;
}

/** The groups of an organization. Members are edges, so a change of a few members does not read the others. */
export class Groups {
  readonly #store: Store;
  readonly #directory: Directory<Group>;

  constructor(store: Store, cascadeDeletes: Pick<CascadeDeletes, "run">) {
    this.#store = store;
    this.#directory = new Directory(store, cascadeDeletes, {
      name: "group",
      prefix: "grp",
      collection: groups,
      uniqueAttribute: "displayName",
      uniqueField: groupFields.displayName,
    });
  }

  /** Returns the group without its members. @returns undefined if the organization has no such group */
  get(organizationId: string, idOrName: IdOrName): Promise<Group | undefined> {
    return this.#directory.get(organizationId, idOrName);
  }

  /** Counts all groups. */
  count(organizationId: string): Promise<number> {
    return this.#store.for(organizationId).open(groups).count();
  }

  /** @throws AppError query-too-expensive; invalid-filter */
  async list(organizationId: string, query: Query): Promise<Page<Group>> {
    const tenant = this.#store.for(organizationId);
    const where = query.where && (await resolveMemberConditions(query.where, tenant.memberships));
    return tenant.open(groups).list({ ...query, ...(where && { where }) });
  }

  /** Lists the ids of all direct members of a group in id order, page by page. */
  members(organizationId: string, id: string): AsyncGenerator<readonly string[]> {
    return listMemberPages(this.#store.for(organizationId), id);
  }

  /**
   * @param onIgnoredMembers receives the ids of members that do not exist, if they are ignored; may be called again
   * @throws AppError conflict if the displayName is taken; invalid-value for a member that does not exist
   */
  create(
    caller: Caller,
    attributes: LabeledGroupAttributes,
    memberIds: readonly string[],
    editor: Editor = "admin",
    onIgnoredMembers?: (ids: readonly string[]) => void,
  ): Promise<Group> {
    return this.#directory.create((transaction) =>
      this.#createWithin(transaction, caller, attributes, memberIds, editor, onIgnoredMembers),
    );
  }

  /**
   * Creates the group with this displayName, or updates it if it exists. An existing group keeps its members.
   * @param revise computes the new attributes from the stored ones; may run more than once
   * @throws AppError precondition-failed; managed; and whatever `revise` throws
   */
  put(
    caller: Caller,
    displayName: string,
    expected: ExpectedVersion | undefined,
    revise: ReviseGroup<StoredAttributes | undefined>,
    editor: Editor = "admin",
  ): Promise<PutResult<Group>> {
    return this.#directory.put(caller, displayName, expected, {
      create: (transaction) => this.#createWithin(transaction, caller, revise(undefined, {}), [], editor),
      update: async (transaction, current) =>
        (await this.#updateWithin(transaction, caller, current, expected, { revise }, editor)).group,
    });
  }

  /**
   * Updates a group's attributes, members, or both, in one transaction. Nothing is written if nothing changes.
   * @throws AppError not-found; precondition-failed; managed; conflict; invalid-value for a member that does not exist
   */
  update(
    caller: Caller,
    idOrName: IdOrName,
    expected: ExpectedVersion | undefined,
    revision: GroupRevision,
    editor: Editor = "admin",
  ): Promise<ChangedGroup> {
    return this.#directory.update(
      caller,
      idOrName,
      (transaction, current) => this.#updateWithin(transaction, caller, current, expected, revision, editor),
      typeof idOrName === "string" ? toExpectedReads(idOrName, revision.members ?? []) : {},
    );
  }

  /**
   * Removes a group and all its memberships. References from the catalog block an admin, but not the identity provider.
   * @param isDetached removes the references of the catalog as well
   * @throws AppError not-found; precondition-failed; managed; referenced
   */
  remove(
    caller: Caller,
    idOrName: IdOrName,
    expected: ExpectedVersion | undefined,
    editor: Editor = "admin",
    isDetached = false,
  ): Promise<void> {
    return this.#directory.remove(caller, idOrName, expected, editor, { isDetached });
  }

  #createWithin(
    transaction: Transaction,
    caller: Caller,
    attributes: LabeledGroupAttributes,
    memberIds: readonly string[],
    editor: Editor,
    onIgnoredMembers?: (ids: readonly string[]) => void,
  ): Promise<Group> {
    const { labels = {}, ...rest } = attributes;
    return this.#directory.insertWithin(transaction, caller, withLabels(rest, labels), editor, async (id) => {
      const tenant = transaction.for(caller.organizationId);
      const policy = unknownMemberPolicy(transaction, caller, editor);
      const { added, ignored } = await applyMembershipChanges(tenant, id, [{ add: memberIds }], policy);
      onIgnoredMembers?.(ignored);
      if (added.length + ignored.length === 0) return {};
      return { details: { members: toAuditedMembers(added), ...toIgnoredDetails(ignored) } };
    });
  }

  async #updateWithin(
    transaction: Transaction,
    caller: Caller,
    current: Group,
    expected: ExpectedVersion | undefined,
    revision: GroupRevision,
    editor: Editor,
  ): Promise<ChangedGroup> {
    assertVersion(current.version, expected);
    const { expectedMemberSets } = revision;
    if (expectedMemberSets !== undefined)
      await assertMemberSet(transaction.for(current.organizationId).memberships, current.id, expectedMemberSets);
    const { id, organizationId, labels: currentLabels = {} } = current;
    const before = toAttributes(current);
    const revised = revision.revise?.(before, currentLabels) ?? (before as LabeledGroupAttributes);
    const { labels = currentLabels, ...after } = revised;
    const diff = await applyMembershipChanges(
      transaction.for(organizationId),
      id,
      revision.members ?? [],
      unknownMemberPolicy(transaction, caller, editor),
    );
    const { added, removed, ignored } = diff;
    const membersDiffer = added.length + removed.length > 0;
    const labelsDiffer = !isDeepStrictEqual(currentLabels, labels);
    if (!membersDiffer && !labelsDiffer && this.#directory.isUnchanged(current, after, editor))
      return { group: current, ...diff };
    // The identity provider does not manage the labels of its groups.
    const isOfProvider = membersDiffer || !isDeepStrictEqual(before, after);
    const group = await this.#directory.replaceWithin(
      transaction,
      current,
      after,
      isOfProvider ? editor : toLabelEditor(editor),
      withLabels({}, labels),
    );
    const attributesDiffer = labelsDiffer || !isDeepStrictEqual(before, after);
    await recordAuditEvent(transaction, organizationId, caller, {
      action: membersDiffer && !attributesDiffer ? "group.members.change" : "group.update",
      target: { type: "group", id },
      ...(attributesDiffer && { before: withLabels(before, currentLabels), after: withLabels(after, labels) }),
      ...toEditDetails(
        current,
        editor,
        membersDiffer
          ? { added: toAuditedMembers(added), removed: toAuditedMembers(removed), ...toIgnoredDetails(ignored) }
          : {},
      ),
    });
    return { group, ...diff };
  }
}

/** A group without labels is stored as in earlier releases. */
const withLabels = (attributes: StoredAttributes, labels: Labels): StoredAttributes =>
  Object.keys(labels).length > 0 ? { ...attributes, labels } : attributes;

/** An admin changes the labels of every group, whoever manages it. */
const toLabelEditor = (editor: Editor): Editor => (editor === "admin" ? "override" : editor);

/** Only the identity provider's requests can contain members that do not exist, if its organization allows it. */
const unknownMemberPolicy =
  (transaction: Transaction, { organizationId }: Caller, editor: Editor): UnknownMemberPolicy =>
  async () =>
    editor === "scim" && (await readProvisioningSettings(transaction, organizationId)).unknownMembers === "ignore";

const toIgnoredDetails = (ignored: readonly string[]): object =>
  ignored.length > 0 ? { ignoredMembers: toAuditedMembers(ignored) } : {};

/** Enough for changes by hand. An audit event records an import by its size and its first members. */
const auditedMembersMax = 100;
const toAuditedMembers = (ids: readonly string[]): unknown =>
  ids.length <= auditedMembersMax ? ids : { count: ids.length, first: ids.slice(0, auditedMembersMax) };
