import { expect } from "chai";
import express, { type Request, type Response } from "express";
import { listen } from "../../src/http/listen.ts";

describe("Requests and answers of the server", () => {
  it("have the prototypes of the app from the beginning, so that it changes none", async () => {
    const app = express();
    const arrived: boolean[] = [];
    Object.assign(app, {
      handle: (req: Request, res: Response) => {
        arrived.push(Object.getPrototypeOf(req) === app.request, Object.getPrototypeOf(res) === app.response);
        res.end();
      },
    });
    await asked(app);
    expect(arrived).to.deep.equal([true, true]);
  });

  it("are what Express makes of them otherwise", async () => {
    const app = express();
    app.get("/", (req, res) => {
      res.json({ path: req.path, app: req.app === app && res.app === app, type: req.get("accept") });
    });
    const answer = await asked(app, { accept: "text/plain" });
    expect(await answer.json()).to.deep.equal({ path: "/", app: true, type: "text/plain" });
  });
});

async function asked(app: express.Express, headers: Record<string, string> = {}): Promise<globalThis.Response> {
  const server = await listen(app, { host: "127.0.0.1", port: 0 });
  try {
    return await fetch(`http://127.0.0.1:${server.port}/`, { headers });
  } finally {
    await server.close();
  }
}
