import { expect } from "chai";
import express, { type Request, type Response } from "express";
import { listen } from "../../../src/http/server/listen.ts";

describe("createMessageClasses", () => {
  it("creates messages with the app's prototypes, so that Express changes none", async () => {
    const app = express();
    const checks: boolean[] = [];
    Object.assign(app, {
      handle: (req: Request, res: Response) => {
        checks.push(Object.getPrototypeOf(req) === app.request, Object.getPrototypeOf(res) === app.response);
        res.end();
      },
    });
    await fetchFrom(app);
    expect(checks).to.deep.equal([true, true]);
  });

  it("creates messages that behave as Express's own", async () => {
    const app = express();
    app.get("/", (req, res) => {
      res.json({ path: req.path, app: req.app === app && res.app === app, type: req.get("accept") });
    });
    const httpResponse = await fetchFrom(app, { accept: "text/plain" });
    expect(await httpResponse.json()).to.deep.equal({ path: "/", app: true, type: "text/plain" });
  });
});

async function fetchFrom(app: express.Express, headers: Record<string, string> = {}): Promise<globalThis.Response> {
  const server = await listen(app, { host: "127.0.0.1", port: 0 });
  try {
    return await fetch(`http://127.0.0.1:${server.port}/`, { headers });
  } finally {
    await server.close();
  }
}
