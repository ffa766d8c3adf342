import express from "express";

/** The floor: an unmodified Express app with one route. */
const app = express();
app.get("/", (_req, res) => {
  res.send("Hello World!");
});
app.listen(Number(process.env["PORT"]), "127.0.0.1", () => process.stderr.write("listening\n"));
