import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import express from "express";
import { type ListeningServer, listen } from "../../../src/http/server/listen.ts";
import { createLog } from "../../../src/log.ts";

/** Larger than the buffers of the operating system on both sides together. */
const bodyBytes = 64 * 1024 * 1024;
const writeTimeoutMs = 400;

describe("A response that its client does not read", () => {
  let server: ListeningServer;
  let logged: string;
  let closed: Promise<unknown>;
  let start: (timeoutMs?: number) => Promise<void>;
  beforeEach(async () => {
    logged = "";
    const stream = new PassThrough();
    stream.on("data", (chunk: Buffer) => {
      logged += chunk.toString();
    });
    const app = express();
    let onClose: () => void;
    closed = new Promise<void>((resolve) => {
      onClose = resolve;
    });
    app.get("/large", (_req, res) => {
      res.on("close", onClose);
      res.end(Buffer.alloc(bodyBytes, "x"));
    });
    app.get("/slow", async (_req, res) => {
      await delay(3 * writeTimeoutMs);
      res.end("done");
    });
    start = async (timeoutMs = writeTimeoutMs) => {
      const log = createLog("info", stream);
      server = await listen(app, { host: "127.0.0.1", port: 0, writeTimeoutMs: timeoutMs, log });
    };
  });
  afterEach(() => server.close());

  const request = async (path: string): Promise<Socket> => {
    const socket = connect(server.port, "127.0.0.1").on("error", () => undefined);
    await once(socket, "connect");
    socket.pause().write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    return socket;
  };

  it("is closed after the timeout, with one line in the log", async () => {
    await start();
    const socket = await request("/large");
    await closed;
    socket.destroy();
    const lines = logged.trim().split("\n");
    expect(lines).to.have.length(1);
    expect(JSON.parse(String(lines[0]))).to.include({
      level: "warn",
      message: "a connection was closed because its client does not read the response",
      address: "127.0.0.1",
    });
  });

  it("is closed even if the client continues to send requests", async () => {
    await start();
    const socket = await request("/large");
    const sender = setInterval(() => socket.write("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"), 50);
    await closed;
    clearInterval(sender);
    socket.destroy();
    expect(logged).to.include("does not read the response");
  });

  it("is sent completely to a client that reads slowly for much longer than the timeout", async () => {
    // A machine under load may delay each read.
    const timeoutMs = 5 * writeTimeoutMs;
    await start(timeoutMs);
    const socket = await request("/large");
    let received = 0;
    const deadline = Date.now() + 2.5 * timeoutMs;
    while (Date.now() < deadline) {
      received += (socket.read(256 * 1024) as Buffer | null)?.length ?? (socket.read() as Buffer | null)?.length ?? 0;
      await delay(timeoutMs / 40);
    }
    expect(received).to.be.lessThan(bodyBytes);
    const ended = new Promise<void>((resolve, reject) => {
      socket.on("close", () => reject(new Error(`the connection was closed after ${received} bytes`)));
      socket.on("data", (chunk: Buffer) => {
        received += chunk.length;
        if (received >= bodyBytes) resolve();
      });
    });
    socket.resume();
    await ended;
    socket.destroy();
    expect(logged).to.equal("");
  });

  it("is awaited for as long as the operation takes", async () => {
    await start();
    const response = await fetch(`http://127.0.0.1:${server.port}/slow`);
    expect(await response.text()).to.equal("done");
    expect(logged).to.equal("");
  });
});
