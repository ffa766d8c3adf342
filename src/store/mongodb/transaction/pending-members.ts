import { AppError } from "../../../errors.ts";
import { chunks } from "../../paging/pages.ts";
import type { DatabaseAccess } from "../database-access.ts";
import { redactError, violatedUniqueIndex } from "../errors.ts";
import { membershipsCollection } from "../schema/membership-indexes.ts";

/** Most edges in one insert. The driver encodes them at once, which takes some milliseconds. */
const insertMax = 1000;

/** Holds the members that a transaction adds to groups, so that as many as possible are inserted with one command. */
export class PendingMembers {
  readonly #access: DatabaseAccess;
  readonly #edges = new Map<string, Edge>();

  /** @param access runs the command in the transaction */
  constructor(access: DatabaseAccess) {
    this.#access = access;
  }

  /** Whether the addition of this member is pending. */
  has(organizationId: string, groupId: string, memberId: string): boolean {
    return this.#edges.has(edgeKey({ organizationId, groupId, memberId }));
  }

  /**
   * Adds members that are not pending. Inserts the pending edges as soon as they fill a command.
   * @throws AppError conflict, now or when they are sent, if one of them is stored
   */
  async add(organizationId: string, groupId: string, memberIds: readonly string[]): Promise<void> {
    for (const memberId of memberIds) {
      const edge = { organizationId, groupId, memberId };
      this.#edges.set(edgeKey(edge), edge);
    }
    if (this.#edges.size >= insertMax) await this.send();
  }

  /** Inserts the pending edges. Whoever reads edges in another way than `has` calls this before. */
  async send(): Promise<void> {
    const edges = [...this.#edges.values()];
    this.#edges.clear();
    for (const chunk of chunks(edges, insertMax))
      await this.#access.run(async (options) => {
        try {
          await this.#access.database.collection(membershipsCollection).insertMany([...chunk], options);
        } catch (error) {
          throw violatedUniqueIndex(error) === undefined ? error : alreadyMember(redactError(error));
        }
      });
  }
}

/** @param cause the error of the database, without values */
export const alreadyMember = (cause?: unknown): AppError =>
  new AppError("conflict", "A new member is a member of the group already.", {}, cause);

interface Edge extends Record<string, unknown> {
  readonly organizationId: string;
  readonly groupId: string;
  readonly memberId: string;
}

const edgeKey = (edge: Edge): string => JSON.stringify([edge.organizationId, edge.groupId, edge.memberId]);
