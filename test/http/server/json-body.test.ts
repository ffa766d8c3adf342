import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { expect } from "chai";
import express from "express";
import { jsonBody } from "../../../src/http/server/json-body.ts";
import { type ListeningServer, listen } from "../../../src/http/server/listen.ts";
import { problemHandler } from "../../../src/http/server/problem.ts";
import { createLog } from "../../../src/log.ts";

const mebi = 1024 * 1024;
const limit = 4 * mebi;

describe("jsonBody", () => {
  let server: ListeningServer;
  before(async () => {
    const app = express();
    app.use(jsonBody(["application/json"], limit));
    app.post("/", (req, res) => {
      res.json(req.body === undefined ? { isAbsent: true } : { body: req.body });
    });
    app.use(problemHandler(createLog("error")));
    server = await listen(app, { host: "127.0.0.1", port: 0, log: createLog("error") });
  });
  after(() => server.close());

  const open = (headers: Readonly<Record<string, string | number>>): ClientRequest =>
    httpRequest({
      ...{ host: "127.0.0.1", port: server.port, method: "POST", path: "/", agent: false },
      headers: { "Content-Type": "application/json", ...headers },
    });
  const read = async (
    request: ClientRequest,
  ): Promise<{ status: number | undefined; retryAfter: unknown; text: string }> => {
    const [response] = (await once(request, "response")) as [IncomingMessage];
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += chunk;
    return { status: response.statusCode, retryAfter: response.headers["retry-after"], text };
  };
  const post = (body: string | Buffer): Promise<{ status: number | undefined; text: string }> => {
    const request = open({ "Content-Length": Buffer.byteLength(body) });
    request.end(body);
    return read(request);
  };

  it("parses JSON of any type, with and without a byte order mark", async () => {
    for (const body of ["null", "1", '"ü"', "[]", '{"a":{"b":[1,2]}}']) {
      for (const prefix of ["", "\uFEFF"]) {
        const { status, text } = await post(prefix + body);
        expect([status, text]).to.deep.equal([200, `{"body":${body}}`]);
      }
    }
  });

  it("reads an empty body as an empty object", async () => {
    expect((await post("")).text).to.equal('{"body":{}}');
  });

  it("leaves a request without a body and without a media type as it is", async () => {
    const request = httpRequest({ host: "127.0.0.1", port: server.port, method: "POST", path: "/", agent: false });
    request.setHeader("Content-Length", 0).end();
    expect(JSON.parse((await read(request)).text)).to.deep.equal({ isAbsent: true });
  });

  it("rejects what is not JSON", async () => {
    for (const body of ["{", " ", "undefined", "{'a':1}", '{"a":1}}', "\0", Buffer.from([0xff, 0xfe, 0x7b])]) {
      const { status, text } = await post(body);
      expect([status, JSON.parse(text).detail]).to.deep.equal([400, "The body is not valid JSON."]);
    }
  });

  it("rejects a body that is larger than the limit, and accepts one of the limit", async () => {
    expect((await post(`"${"x".repeat(limit - 2)}"`)).status).to.equal(200);
    expect((await post(`"${"x".repeat(limit - 1)}"`)).status).to.equal(413);
  });

  describe("memory", () => {
    /** Sends the headers of a large body and the first byte, and then nothing. */
    const openSlowly = async (headers: Readonly<Record<string, string | number>>): Promise<ClientRequest> => {
      const request = open(headers).on("error", () => undefined);
      request.write("[");
      await once(request, "socket");
      return request;
    };

    it("rejects a large body with 503 while the bodies of the caller occupy its share, and never a small one", async () => {
      const pending = [
        ...(await Promise.all(Array.from({ length: 7 }, () => openSlowly({ "Content-Length": limit })))),
        await openSlowly({ "Transfer-Encoding": "chunked" }), // may become as large as the limit
      ];
      let rejected = await post(`"${"x".repeat(mebi)}"`);
      // The service may not have read the headers of all slow requests yet.
      for (let attempt = 0; rejected.status === 200 && attempt < 100; attempt++) {
        rejected = await post(`"${"x".repeat(mebi)}"`);
      }
      expect(rejected).to.include({ status: 503, retryAfter: "1" });
      expect(JSON.parse(rejected.text).detail).to.contain("Try again");
      expect((await post('{"small":true}')).status).to.equal(200);

      for (const request of pending) request.destroy();
      let accepted = await post(`"${"x".repeat(mebi)}"`);
      for (let attempt = 0; accepted.status === 503 && attempt < 100; attempt++) {
        accepted = await post(`"${"x".repeat(mebi)}"`);
      }
      expect(accepted.status, "after the slow requests have ended").to.equal(200);
    });

    it("frees the share of a request when its response is complete", async () => {
      for (let at = 0; at < 20; at++) expect((await post(`"${"x".repeat(limit - 2)}"`)).status).to.equal(200);
    });
  });
});
