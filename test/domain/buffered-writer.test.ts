import { expect } from "chai";
import { BufferedWriter } from "../../src/domain/buffered-writer.ts";

type Batch = readonly (readonly [string, number])[];

describe("BufferedWriter", () => {
  let batches: Batch[];
  let isFailing: boolean;
  beforeEach(() => {
    batches = [];
    isFailing = false;
  });

  const open = (limits: { readonly batchSize: number; readonly maxEntries?: number }) =>
    new BufferedWriter<string, number>({
      ...limits,
      merge: (earlier, later) => earlier * 10 + later,
      write: async (batch) => {
        await Promise.resolve();
        if (isFailing) throw new Error("outage");
        batches.push(batch);
      },
    });
  const failFlush = async (buffer: BufferedWriter<string, number>): Promise<void> => {
    isFailing = true;
    const error: unknown = await buffer.flush().catch((cause: unknown) => cause);
    isFailing = false;
    expect(error).to.be.instanceOf(Error).with.property("message", "outage");
  };

  it("writes entries in order of their first record, in batches", async () => {
    const buffer = open({ batchSize: 2 });
    for (const [key, value] of [
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ] as const)
      buffer.record(key, value);
    await buffer.flush();
    await buffer.flush();
    expect(batches).to.deep.equal([
      [
        ["a", 1],
        ["b", 2],
      ],
      [["c", 3]],
    ]);
  });

  it("merges the values of one key, earlier first", async () => {
    const buffer = open({ batchSize: 2 });
    for (const value of [1, 2, 3]) buffer.record("a", value);
    await buffer.flush();
    expect(batches).to.deep.equal([[["a", 123]]]);
  });

  it("keeps a failed batch at the front and merges it with later values", async () => {
    const buffer = open({ batchSize: 1 });
    buffer.record("a", 1);
    buffer.record("b", 2);
    const failing = failFlush(buffer);
    buffer.record("c", 3);
    buffer.record("a", 4);
    await failing;
    await buffer.flush();
    expect(batches).to.deep.equal([[["a", 14]], [["b", 2]], [["c", 3]]]);
  });

  it("leaves entries that are recorded during a flush to the next one", async () => {
    const buffer = open({ batchSize: 1 });
    buffer.record("a", 1);
    const flushing = buffer.flush();
    buffer.record("a", 2);
    await flushing;
    expect(batches).to.deep.equal([[["a", 1]]]);
    expect(buffer.size).to.equal(1);
  });

  it("drops the oldest entries beyond its limit, also after a failed flush", async () => {
    const buffer = open({ batchSize: 2, maxEntries: 3 });
    for (let value = 1; value <= 4; value++) buffer.record(`key ${value}`, value);
    const failing = failFlush(buffer);
    buffer.record("key 5", 5);
    buffer.record("key 6", 6);
    await failing;
    expect([buffer.size, buffer.droppedCount]).to.deep.equal([3, 3]);
    await buffer.flush();
    expect(batches.flat().map(([, value]) => value)).to.deep.equal([4, 5, 6]);
  });
});
