/**
 * Dependency direction: schemas <- store <- scim, domain <- http <- metrics, traces <- app <- serve, cli <- main. Every layer may import
 * errors, log and own-tick.
 */
const rule = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });
const only = (module, importers) =>
  rule(
    `${module.replace(/\W+/g, "-")}-has-one-importer`,
    `${module} is imported only in ${importers}`,
    { pathNot: importers },
    { path: `^node_modules/${module}/|^${module}$` },
  );
/** What the layers above see of the store: the port, its collections and the normalized form of strings. */
const port =
  "store/(store|record|record-shape|query|condition|collections|fields|extension-fields|label-terms|normalize|normalized-fields|date-time|paging/pages|cache/lru-cache|cache/deep-freeze)\\.ts$";

module.exports = {
  forbidden: [
    rule("no-cycles", "A file in an import cycle cannot be understood on its own.", {}, { circular: true }),
    rule(
      "schemas-import-zod-only",
      "The resource schemas can be published on their own.",
      { path: "^schemas/" },
      { pathNot: "^schemas/|^node_modules/zod/" },
    ),
    rule(
      "store-imports-no-other-layer",
      "An engine can be replaced without reading HTTP code or business rules.",
      { path: "^src/store/" },
      { path: "^src/", pathNot: "^src/(store/|errors\\.ts$|log\\.ts$|own-tick\\.ts$)" },
    ),
    rule(
      "sqlite-does-not-import-mongodb",
      "Code that both engines need belongs to the store or to paging.",
      { path: "^src/store/sqlite/" },
      { path: "^src/store/mongodb/" },
    ),
    rule(
      "mongodb-does-not-import-sqlite",
      "Code that both engines need belongs to the store or to paging.",
      { path: "^src/store/mongodb/" },
      { path: "^src/store/sqlite/" },
    ),
    rule(
      "only-the-opener-imports-an-engine",
      "Everything else depends on the port.",
      { path: "^src/", pathNot: "^src/store/(open\\.ts$|sqlite/|mongodb/)" },
      { path: "^src/store/(sqlite|mongodb)/" },
    ),
    rule(
      "scim-imports-no-http",
      "SCIM's rules serve every API.",
      { path: "^src/scim/" },
      { path: "^src/", pathNot: `^src/(scim/|${port}|errors\\.ts$|log\\.ts$|own-tick\\.ts$)` },
    ),
    rule(
      "domain-imports-the-port-only",
      "Business rules do not know which engine stores the records.",
      { path: "^src/domain/" },
      { path: "^src/", pathNot: `^src/(domain/|${port}|errors\\.ts$|log\\.ts$|own-tick\\.ts$)` },
    ),
    rule(
      "http-imports-no-store",
      "Every API calls the same domain functions.",
      { path: "^src/http/" },
      {
        path: "^src/",
        pathNot: "^src/(http/|domain/|scim/|store/(record|query|fields)\\.ts$|errors\\.ts$|log\\.ts$|own-tick\\.ts$)",
      },
    ),
    rule(
      "only-the-app-and-the-service-import-metrics",
      "What is measured does not know how. It reports to observers, or its state is read.",
      { pathNot: "^src/(metrics/|app/|app\\.ts$|serve\\.ts$)|^(test|bench)/" },
      { path: "^src/metrics/" },
    ),
    rule(
      "only-the-app-and-the-service-import-traces",
      "What is traced does not know it. It reports to observers, or it is decorated.",
      { pathNot: "^src/(traces/|app/|app\\.ts$|serve\\.ts$)|^(test|bench)/" },
      { path: "^src/traces/" },
    ),
    rule(
      "traces-import-no-engine",
      "Traces concern the port.",
      { path: "^src/traces/" },
      { path: "^src/(store/(sqlite|mongodb)/|app/|app\\.ts$|serve\\.ts$|config\\.ts$|config/|cli/)" },
    ),
    rule(
      "metrics-import-no-engine",
      "Metrics concern the port.",
      { path: "^src/metrics/" },
      { path: "^src/(store/(sqlite|mongodb)/|app/|app\\.ts$|serve\\.ts$|config\\.ts$|config/|cli/)" },
    ),
    rule(
      "only-programs-import-the-app",
      "The composition root is imported by the programs.",
      { pathNot: "^src/((serve|first-start|app)\\.ts$|app/|cli/)|^(test|bench|scripts)/" },
      { path: "^src/(app/|(app|operator-domain)\\.ts$)" },
    ),
    rule(
      "only-programs-import-the-config",
      "Other modules receive values.",
      { pathNot: "^src/((serve|app|operator-domain|first-start|config)\\.ts$|app/|cli/|config/)|^(test|bench)/" },
      { path: "^src/config(/|\\.ts$)" },
    ),
    rule(
      "errors-and-log-import-no-module",
      "Every layer imports them.",
      { path: "^src/(errors|log)\\.ts$" },
      { path: "^(src|schemas)/" },
    ),
    only("mongoose", "^(src/store/mongodb/store\\.ts$|test/|bench/)"),
    only("@photostructure/sqlite", "^(src/store/sqlite/driver\\.ts$|test/)"),
    only("scimmy", "^(src/scim/schema/|src/http/scim/|test/|node_modules/)"),
    only("scimmy-routers", "^(src/http/scim/|test/|node_modules/)"),
    only("express", "^(src/http/|src/app/|src/app\\.ts$|test/|bench/|node_modules/)"),
    only("passport", "^(src/http/auth/|test/|node_modules/)"),
    only("passport-http-bearer", "^(src/http/auth/|test/|node_modules/)"),
    only("@modelcontextprotocol/server", "^(src/http/mcp/|test/|node_modules/)"),
    only("prom-client", "^(src/metrics/|test/|node_modules/)"),
    only("commonmark", "^(src/http/console/|test/|node_modules/)"),
    only("preact", "^(src/http/console/|test/|node_modules/)"),
    only("preact-render-to-string", "^(src/http/console/|test/|node_modules/)"),
    only("@opentelemetry/[^/]+", "^(src/traces/|test/|node_modules/)"),
    only("cors", "^(src/http/api/cors\\.ts$|test/|node_modules/)"),
    rule(
      "the-service-needs-no-development-package",
      "An installation without development packages must start.",
      { path: "^(src|schemas)/" },
      { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only", "npm", "npm-optional"] },
    ),
    only("helmet", "^(src/http/|test/|node_modules/)"),
    rule(
      "the-sqlite-driver-has-one-importer",
      "One file selects the driver.",
      { pathNot: "^src/store/sqlite/driver\\.ts$|^test/" },
      { path: "^(node:)?sqlite$", dependencyTypesNot: ["type-only"] },
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // Keeps the paths of packages relative to the checkout, also when node_modules is a link.
    preserveSymlinks: true,
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
};
