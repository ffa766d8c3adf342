#!/usr/bin/env node
/**
 * Receives the audit events of a webhook, verifies their signatures (https://www.standardwebhooks.com) and prints one line
 * for each event.
 *
 *   WEBHOOK_SECRET=whsec_... node webhook-receiver.mjs
 *
 * PORT is the port to listen on at 127.0.0.1; the default is 3000. Put a proxy with TLS in front of it.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

/** @import { components } from "./api.d.ts" */
/** @typedef {{ type: string, timestamp: string, data: components["schemas"]["AuditEvent"] }} Message */

/** The most bytes of a message, and the most seconds between its signature and its arrival. */
const bytesMax = 1024 * 1024;
const toleranceSeconds = 300;
/** The ids of the last messages: an event can arrive more than once. Keep them in a database to survive a restart. */
const seenIds = new Set();
const seenIdsMax = 10_000;

const secret = process.env["WEBHOOK_SECRET"];
const port = Number(process.env["PORT"] || 3000);
if (!secret?.startsWith("whsec_")) {
  process.stderr.write("Set WEBHOOK_SECRET to the secret of the webhook, which begins with whsec_.\n");
  process.exit(1);
}
const key = Buffer.from(secret.slice("whsec_".length), "base64");

createServer((req, res) => {
  receive(req, res).catch((error) => {
    // The client has gone, or the code below has failed. An event without a response of success is sent again.
    print(`a request failed: ${error}`);
    res.writeHead(500).end();
  });
}).listen(port, "127.0.0.1", () => print(`listening on http://127.0.0.1:${port}`));

/**
 * @param {import("node:http").IncomingMessage} req
 * @param {import("node:http").ServerResponse} res
 */
async function receive(req, res) {
  const body = await readBody(req);
  if (body === undefined || !isAuthentic(req.headers, body)) return void res.writeHead(400).end();
  const id = String(req.headers["webhook-id"]);
  if (!seenIds.has(id)) {
    handle(JSON.parse(body.toString()));
    remember(id);
  }
  res.writeHead(204).end();
}

/**
 * Your code goes here. It must be done within ten seconds; put long work into a queue.
 * @param {Message} message
 */
function handle({ type, timestamp, data }) {
  print(`${timestamp} ${type} ${data.target?.id ?? "-"} by ${data.actor.type}`);
}

/**
 * Checks the signature over the exact bytes of the body, and the time, so that a recorded message cannot be sent again
 * later. During a rotation there are two signatures, and one must match.
 * @param {import("node:http").IncomingHttpHeaders} headers
 * @param {Buffer} body
 */
function isAuthentic(headers, body) {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures } = headers;
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= toleranceSeconds)) return false;
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  return String(signatures)
    .split(" ")
    .some((signature) => {
      const [version, value = ""] = signature.split(",");
      const actual = Buffer.from(value, "base64");
      return version === "v1" && actual.length === expected.length && timingSafeEqual(actual, expected);
    });
}

/**
 * @param {import("node:http").IncomingMessage} req
 * @returns {Promise<Buffer | undefined>} undefined if the body is too large
 */
async function readBody(req) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of req) {
    bytes += chunk.length;
    if (bytes > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @param {string} id */
function remember(id) {
  seenIds.add(id);
  const [oldest] = seenIds;
  if (seenIds.size > seenIdsMax) seenIds.delete(oldest);
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}
