import express from "express";

/** The floor: what Express itself costs, everything as it comes out of the box. */
const app = express();
app.get("/", (_req, res) => {
  res.send("Hello World!");
});
app.listen(Number(process.env["PORT"]), "127.0.0.1", () => process.stderr.write("listening\n"));
