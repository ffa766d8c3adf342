import { randomFillSync } from "node:crypto";
import { encodeTime, ulid } from "ulid";
import type { Entity } from "../store/collection.ts";

/** The prefix says what an id names; the ULID sorts by creation and cannot be guessed. */
export type IdPrefix =
  | ("org" | "usr" | "grp" | "tok" | "srv" | "tkt" | "skl" | "cmd" | "pol" | "con")
  | ("aud" | "req" | "pur" | "exc" | "key" | "rat" | "leg");

/** What a new record starts with. */
export function newEntity(prefix: IdPrefix, organizationId: string, now = new Date()): Entity {
  const time = now.toISOString();
  return { id: newId(prefix, now), organizationId, version: 1, createdAt: time, updatedAt: time };
}

export const newId = (prefix: IdPrefix, now = new Date()): string => `${prefix}_${newUlid(now)}`;

/** 26 letters and digits that sort by their time and cannot be guessed (https://github.com/ulid/spec). */
export const newUlid = (now = new Date()): string => ulid(now.getTime(), randomFraction);

// The library would ask the system for each of an id's sixteen random characters; this asks once for many.
const pool = new Uint8Array(4096);
let drawn = pool.length;

/** A random number from 0 to below 1, in steps that divide evenly among an id's 32 letters. */
function randomFraction(): number {
  if (drawn === pool.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  return (pool[drawn++] ?? 0) / 256;
}

/** The lowest id that a record of this moment can have; older records have lower ones. */
export function lowestId(prefix: IdPrefix, moment: Date): string {
  return `${prefix}_${encodeTime(moment.getTime())}`;
}

/** The next version of a record. Its date never goes back, whatever the clock of this replica says. */
export function nextVersion(entity: Entity, now = new Date()): Pick<Entity, "version" | "updatedAt"> {
  const version = entity.version + 1;
  const time = now.toISOString();
  return time < entity.updatedAt ? { version, updatedAt: entity.updatedAt } : { version, updatedAt: time };
}
