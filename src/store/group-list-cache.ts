import type { GroupOfUser } from "./record.ts";

/** What is known of groups and users from earlier calls. */
export interface GroupListCache {
  getGroup(organizationId: string, id: string): GroupForms | undefined;
  /** @param directKey comma-separated ids of a user's direct groups */
  getList(organizationId: string, directKey: string): readonly GroupOfUser[] | undefined;
  getListOfUser(organizationId: string, userId: string): readonly GroupOfUser[] | undefined;
  /** Creates a writer for values that are read from now on. Once the store has been written to, it caches nothing more. */
  createWriter(organizationId: string): GroupListWriter;
}

/** A group in the forms that its members are shown, with its parent groups. */
export interface GroupForms {
  /** The form for direct members. */
  readonly direct: GroupOfUser;
  /** The form for members of nested groups. */
  readonly indirect: GroupOfUser;
  /** Ids of the groups that contain this group directly. */
  readonly parentIds: readonly string[];
}

/** Stores values in the cache under the keys of the corresponding getters. */
export interface GroupListWriter {
  setGroup(id: string, group: GroupForms): void;
  setList(directKey: string, groups: readonly GroupOfUser[]): void;
  setListOfUser(userId: string, groups: readonly GroupOfUser[]): void;
}

const noWriter: GroupListWriter = { setGroup: () => {}, setList: () => {}, setListOfUser: () => {} };
/** Knows nothing. */
export const noGroupListCache: GroupListCache = {
  getGroup: () => undefined,
  getList: () => undefined,
  getListOfUser: () => undefined,
  createWriter: () => noWriter,
};
