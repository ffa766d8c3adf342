import { describeOnMongod } from "../../support/mongod.ts";
import { storeContract } from "../store.contract.ts";
import { mongoTestStoreOpener } from "./mongodb.fixture.ts";

describeOnMongod("MongoDB", (uri) =>
  storeContract("MongoDB", (options) => mongoTestStoreOpener(uri())(options), { shared: true }),
);
