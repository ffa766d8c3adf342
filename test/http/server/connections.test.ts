import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "chai";
import express from "express";
import { listen } from "../../../src/http/server/listen.ts";

/** Longer than idle connections stay open at a shutdown. */
const busyMs = 1500;

describe("A shutdown of the HTTP server", () => {
  it("serves a request that arrived on an idle connection while the event loop was busy, before it closes the connection", async () => {
    const app = express();
    app.post("/", (_req, res) => void res.status(201).end());
    const server = await listen(app, { host: "127.0.0.1", port: 0 });
    const post = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    const socket = connect(server.port, "127.0.0.1");
    socket.write(post);
    await once(socket, "data"); // the connection is idle from now on
    const closed = server.close();
    while (await acceptsConnections(server.port));

    socket.write(post);
    for (const until = performance.now() + busyMs; performance.now() < until; );
    const [response] = await once(socket, "data");
    expect(String(response)).to.match(/^HTTP\/1\.1 201 [\s\S]*\r\nConnection: close\r\n/);
    await closed;
  });
});

async function acceptsConnections(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
