/** The arrows of the house: schemas <- store <- domain <- http <- app <- main; errors and log are readable by all. */
const room = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });
const only = (module, homes) =>
  room(
    `${module.replace(/\W+/g, "-")}-has-one-home`,
    `${module} is imported only in ${homes}`,
    { pathNot: homes },
    { path: `^node_modules/${module}/|^${module}$` },
  );

module.exports = {
  forbidden: [
    room("no-circles", "A file that needs itself cannot be understood alone.", {}, { circular: true }),
    room(
      "schemas-import-zod-only",
      "What things are could be published by itself.",
      { path: "^schemas/" },
      { pathNot: "^schemas/|^node_modules/zod/" },
    ),
    room(
      "store-knows-no-door",
      "An engine can be swapped without reading HTTP or rules.",
      { path: "^src/store/" },
      { path: "^src/", pathNot: "^src/(store/|errors\\.ts$|log\\.ts$)" },
    ),
    room(
      "domain-sees-the-port-only",
      "Rules do not know which engine keeps things.",
      { path: "^src/domain/" },
      { path: "^src/", pathNot: "^src/(domain/|store/(collection|collections)\\.ts$|errors\\.ts$|log\\.ts$)" },
    ),
    room(
      "http-never-reaches-the-store",
      "Every door meets the same rules.",
      { path: "^src/http/" },
      { path: "^src/", pathNot: "^src/(http/|domain/|errors\\.ts$|log\\.ts$)" },
    ),
    room(
      "app-is-seen-from-the-front-only",
      "The composition root is imported by the programs.",
      { pathNot: "^src/(main|cli)\\.ts$|^(test|bench|scripts)/" },
      { path: "^src/app\\.ts$" },
    ),
    room(
      "config-is-read-by-the-programs",
      "Others receive values.",
      { pathNot: "^src/(main|cli|app)\\.ts$|^(test|bench)/" },
      { path: "^src/config\\.ts$" },
    ),
    room(
      "errors-and-log-know-nobody",
      "They are readable by all.",
      { path: "^src/(errors|log)\\.ts$" },
      { path: "^(src|schemas)/" },
    ),
    only("mongoose", "^(src/store/mongo\\.ts$|test/|bench/)"),
    only("@photostructure/sqlite", "^(src/store/sqlite-driver\\.ts$|test/)"),
    only("scimmy", "^(src/http/scim/|test/|node_modules/)"),
    only("scimmy-routers", "^(src/http/scim/|test/|node_modules/)"),
    only("express", "^(src/http/|src/app\\.ts$|test/|bench/|node_modules/)"),
    only("passport", "^(src/http/|src/app\\.ts$|test/|node_modules/)"),
    only("passport-http-bearer", "^(src/http/|src/app\\.ts$|test/|node_modules/)"),
    only("helmet", "^(src/http/|src/app\\.ts$|test/|node_modules/)"),
    room(
      "the-sqlite-driver-has-one-home",
      "One file chooses the driver.",
      { pathNot: "^src/store/sqlite-driver\\.ts$|^test/" },
      { path: "^(node:)?sqlite$", dependencyTypesNot: ["type-only"] },
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
};
