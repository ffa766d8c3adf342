import { once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { expect } from "chai";
import { LineWriter } from "../../../src/http/server/line-writer.ts";
import { createLog } from "../../../src/log.ts";

describe("LineWriter", () => {
  const createWriter = (stream: Writable, charactersMax?: number): { writer: LineWriter; logText: () => string } => {
    const logStream = new PassThrough();
    let text = "";
    logStream.on("data", (chunk) => {
      text += chunk;
    });
    const log = createLog("warn", logStream);
    const writer = new LineWriter(stream, {
      log,
      name: "access",
      ...(charactersMax !== undefined && { charactersMax }),
    });
    return { writer, logText: () => text };
  };

  it("writes the lines in their order, several at once", async () => {
    const stream = new PassThrough();
    const { writer } = createWriter(stream);
    writer.write("one");
    writer.write("two");
    const [chunk] = await once(stream, "data");
    expect(String(chunk)).to.equal("one\ntwo\n");
  });

  it("writes what is left when it is closed", async () => {
    const stream = new PassThrough();
    const { writer } = createWriter(stream);
    writer.write("last");
    await writer.close();
    expect(String(stream.read())).to.equal("last\n");
  });

  it("keeps a bounded number of lines for a reader that does not read, and logs how many it dropped", async () => {
    let release = (): void => {};
    const written: string[] = [];
    const stream = new Writable({
      write: (chunk, _encoding, done) => {
        written.push(String(chunk));
        release = done;
      },
    });
    const { writer, logText } = createWriter(stream, 100);
    const first = "a".repeat(100);
    writer.write(first);
    const closed = writer.close();
    for (let at = 0; at < 5; at++) writer.write("b".repeat(40)); // two of them fit
    release();
    await new Promise(setImmediate);
    release();
    await closed;
    expect(written).to.deep.equal([`${first}\n`, `${"b".repeat(40)}\n${"b".repeat(40)}\n`]);
    expect(logText()).to.contain('"count":3').and.contain('"lines":"access"').and.contain("lines were dropped");
  });

  it("stops after a failed write, and logs that once", async () => {
    let writes = 0;
    const stream = new Writable({
      write: (_chunk, _encoding, done) => {
        writes++;
        done(new Error("no reader"));
      },
    });
    const { writer, logText } = createWriter(stream);
    for (const line of ["one", "two"]) {
      writer.write(line);
      await writer.close();
    }
    expect(writes).to.equal(1);
    expect(logText().match(/cannot be written/g)).to.have.length(1);
  });
});
