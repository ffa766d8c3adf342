import { testMongo } from "../support/mongod.ts";
import { openMongo } from "./mongo-opened.ts";
import { storeContract } from "./store.contract.ts";

const server = await testMongo();

if (server) storeContract("MongoDB", openMongo(server.uri), { shared: true });
