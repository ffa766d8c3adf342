import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import express, { type Response } from "express";

/**
 * Loads the modules that Express loads when it parses the first body, such as the decoders of character sets. At that
 * time the process may have no free file descriptor, and every body would be rejected.
 * @throws Error if a module cannot be loaded
 */
export function loadBodyDecoders(): Promise<void> {
  const body = Buffer.from("{}");
  const headers = { "content-type": "application/json", "content-length": String(body.length) };
  const req = Object.assign(Readable.from([body]), { headers }) as unknown as IncomingMessage;
  return new Promise((resolve, reject) => {
    express.json()(req, {} as Response, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
  });
}
