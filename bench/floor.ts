import express from "express";

// The floor: what a bare Express answer costs. Everything else is a multiple of it.
const app = express();
app.get("/", (_req, res) => {
  res.send("hello world");
});
app.listen(Number(process.argv[2]), "127.0.0.1", () => process.stderr.write('"message":"listening"\n'));
