import { once } from "node:events";
import { readdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { expect } from "chai";
import { parseAllDocuments } from "yaml";
import { settings } from "../../src/config/settings.ts";
import { readConfig } from "../../src/config.ts";
import { version } from "../../src/startup.ts";
import { findStartupWarnings } from "../../src/startup-warnings.ts";
import { readPage } from "../markdown.fixture.ts";
import { root } from "../support/root.ts";
import { type Service, startService } from "../support/service.ts";
import { parseCommand, readStages, valuesOf } from "./dockerfile.fixture.ts";

// biome-ignore lint/suspicious/noExplicitAny: documents of other programs, of which each test reads some fields
type Document = any;

/** Parses a YAML file. @throws Error with the first error of its syntax, such as a repeated key */
function readYaml(path: string): readonly Document[] {
  return parseAllDocuments(readPage(path), { merge: true }).map((document) => {
    const [error] = document.errors;
    if (error) throw error;
    return document.toJS();
  });
}

const kubernetesFiles = readdirSync(join(root, "deploy/kubernetes")).map((name) => `deploy/kubernetes/${name}`);
const readKind = (kind: string): Document =>
  kubernetesFiles.flatMap(readYaml).find((document) => document.kind === kind);
const compose: Document = readYaml("deploy/compose.yaml")[0];
const pod: Document = readKind("Deployment").spec.template.spec;
const [container] = pod.containers;
const [, finalStage = []] = readStages();
const dockerEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  valuesOf(finalStage, "ENV").flatMap((value) => value.split(" ").map((pair) => pair.split("="))),
);
const unit = readPage("deploy/systemd/gatehouse.service");
const unitValues = (name: string): readonly string[] =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value);
const unitEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  unitValues("Environment").flatMap((value) => value.split(" ").map((pair) => pair.split("="))),
);
const kubernetesEnvironment: Readonly<Record<string, string>> = {
  ...readKind("ConfigMap").data,
  ...Object.fromEntries(container.env.map(({ name }: Document) => [name, `\${${name}}`])),
};
const replicas: readonly Document[] = [compose.services["gatehouse-1"], compose.services["gatehouse-2"]];
const nginx = readPage("deploy/nginx/gatehouse.conf");
const caddy = readPage("deploy/caddy/Caddyfile");

/** Values for what an operator sets. */
const exampleSecrets: Readonly<Record<string, string>> = {
  PUBLIC_URL: "https://gatehouse.example.com",
  CREDENTIAL_KEY: Buffer.alloc(32, 7).toString("base64"),
  TOKEN_PEPPER: "0123456789abcdef0123456789abcdef",
  MONGODB_URI: "mongodb://mongodb:27017/gatehouse?replicaSet=rs0",
};
const fillIn = (environment: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replace(/\$\{(\w+)(:\?[^}]*)?\}/, (_, variable) => exampleSecrets[variable] ?? ""),
    ]),
  );
const imageTag = (image: string): string => image.split(":")[1] ?? "";

/** In seconds: a shutdown takes 20 seconds at most (docs/operations.md), and then some for the signal. */
const shutdownSecondsMin = 25;

describe("deploy/", () => {
  const environments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "deploy/Dockerfile with deploy/compose.yaml": { ...dockerEnvironment, ...replicas[0].environment },
    "deploy/Dockerfile with deploy/kubernetes": { ...dockerEnvironment, ...kubernetesEnvironment },
    "deploy/systemd/gatehouse.service": unitEnvironment,
  };
  for (const [name, environment] of Object.entries(environments)) {
    it(`sets only settings that exist: ${name}`, () => {
      const { NODE_ENV, ...rest } = environment;
      expect(NODE_ENV).to.equal("production");
      expect(Object.keys(settings)).to.include.members(Object.keys(rest));
      expect(Object.keys(rest).length).to.be.greaterThan(0);
    });

    it(`starts the service without a warning: ${name}`, () => {
      expect(findStartupWarnings(readConfig(fillIn(environment)))).to.deep.equal([]);
    });
  }

  it("names the version of package.json, and versions of everything else", () => {
    const own = [replicas[0].image, replicas[1].image, container.image];
    expect(own.map(imageTag)).to.deep.equal([version, version, version]);
    expect(readKind("Kustomization").images).to.deep.equal([{ name: "gatehouse", newTag: version }]);
    expect(readPage("deploy/Dockerfile")).to.include(`-t gatehouse:${version} .`);
    const others = [
      ...Object.values<Document>(compose.services).map(({ image }) => image),
      /^ARG NODE_IMAGE=(.*)$/m.exec(readPage("deploy/Dockerfile"))?.[1] ?? "",
    ];
    for (const image of others) expect(imageTag(image), image).to.match(/^\d+\.\d+\.\d+(-[a-z-]+)?$/);
  });

  it("uses one port, from the service to the proxy", () => {
    const port = dockerEnvironment["PORT"];
    expect(port).to.equal(settings.PORT.defaultValue);
    expect(valuesOf(finalStage, "EXPOSE")).to.deep.equal([port]);
    expect(container.ports).to.deep.equal([{ name: "http", containerPort: Number(port) }]);
    expect(readKind("Service").spec.ports[0].targetPort).to.equal("http");
    expect(readKind("NetworkPolicy").spec.ingress[0].ports).to.deep.equal([{ protocol: "TCP", port: Number(port) }]);
    const upstream: string = compose.configs.upstream.content;
    expect([...upstream.matchAll(/server (.*):(\d+) /g)].map(([, ...hostAndPort]) => hostAndPort)).to.deep.equal(
      ["gatehouse-1", "gatehouse-2"].map((host) => [host, port]),
    );
    expect(readPage("deploy/nginx/upstream.conf")).to.include(`server 127.0.0.1:${port} `);
    expect(caddy).to.include(`reverse_proxy 127.0.0.1:${port} {`);
  });

  it("runs the service without root, capabilities and a writable file system", () => {
    const user = valuesOf(finalStage, "USER")[0] ?? "";
    expect(user).to.match(/^[1-9]\d*:[1-9]\d*$/);
    expect(pod.securityContext).to.include({ runAsNonRoot: true, runAsUser: Number(user.split(":")[0]) });
    expect(container.securityContext).to.deep.equal({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(pod.automountServiceAccountToken).to.equal(false);
    for (const replica of replicas) {
      expect(replica).to.deep.include({ read_only: true, cap_drop: ["ALL"] });
      expect(replica.security_opt).to.deep.equal(["no-new-privileges:true"]);
    }
    expect(unitValues("DynamicUser")).to.deep.equal(["yes"]);
    expect(unitValues("CapabilityBoundingSet")).to.deep.equal([""]);
  });

  it("allows the time that a shutdown takes", () => {
    const pause = container.lifecycle.preStop.sleep.seconds;
    expect(pod.terminationGracePeriodSeconds - pause).to.be.at.least(shutdownSecondsMin);
    for (const { stop_grace_period } of replicas)
      expect(Number.parseInt(stop_grace_period, 10)).to.be.at.least(shutdownSecondsMin);
    expect(Number.parseInt(unitValues("TimeoutStopSec")[0] ?? "", 10)).to.be.at.least(shutdownSecondsMin);
  });

  it("contains no secret: compose takes them from variables that must be set, Kubernetes from a Secret", () => {
    for (const name of ["CREDENTIAL_KEY", "TOKEN_PEPPER"]) {
      for (const { environment } of replicas) expect(environment[name]).to.match(new RegExp(`^\\$\\{${name}:\\?`));
      const variable = container.env.find((each: Document) => each.name === name);
      expect(variable.valueFrom).to.deep.equal({ secretKeyRef: { name: "gatehouse", key: name } });
    }
    expect(kubernetesFiles.flatMap(readYaml).map(({ kind }) => kind)).to.not.include("Secret");
  });

  it("starts the program as `npm start` does", () => {
    const { scripts } = JSON.parse(readPage("package.json"));
    const [, ...args] = parseCommand(valuesOf(finalStage, "ENTRYPOINT")[0] ?? "");
    expect(scripts.start.split(" && ").at(-1)).to.equal(`exec node ${args.join(" ")}`);
    expect(unitValues("ExecStart")[0]).to.equal(
      `/usr/bin/node ${args.join(" ").replace("dist", "/opt/gatehouse/dist")}`,
    );
    expect(unitEnvironment["DATA_DIR"]).to.equal(`/var/lib/${unitValues("StateDirectory")[0]}`);
  });

  it("publishes no port but that of nginx, and MongoDB has a network without a way out", () => {
    const published = Object.entries<Document>(compose.services).filter(([, { ports }]) => ports !== undefined);
    expect(published.map(([name]) => name)).to.deep.equal(["nginx"]);
    expect(compose.networks.database).to.deep.equal({ internal: true });
    for (const [name, service] of Object.entries<Document>(compose.services))
      if (name.startsWith("mongodb")) expect(service.networks, name).to.deep.equal(["database"]);
    expect(replicas[0].environment.TRUST_PROXY).to.equal(compose.networks.proxy.ipam.config[0].subnet);
  });

  it("lets nginx use a replica again at once, at the address that it had, so that an update loses no request", () => {
    const upstreams: readonly string[] = [readPage("deploy/nginx/upstream.conf"), compose.configs.upstream.content];
    for (const servers of upstreams.map((each) => each.match(/^ *server .*$/gm) ?? [])) {
      expect(servers).to.not.deep.equal([]);
      for (const server of servers) expect(server).to.match(/ max_fails=0;$/);
    }
    const [subnet] = compose.networks.proxy.ipam.config[0].subnet.split(".0/");
    const addresses = replicas.map(({ networks }) => networks.proxy.ipv4_address);
    expect(new Set(addresses).size).to.equal(replicas.length);
    for (const address of addresses) expect(address.startsWith(`${subnet}.`), address).to.equal(true);
  });

  it("lists every manifest in the Kustomization, and selects the pods by one label", () => {
    const others = kubernetesFiles
      .map((path) => path.replace(/.*\//, ""))
      .filter((name) => name !== "kustomization.yaml");
    expect(readKind("Kustomization").resources).to.have.members(others);
    const labels = { "app.kubernetes.io/name": "gatehouse" };
    expect(readKind("Deployment").spec.template.metadata.labels).to.deep.equal(labels);
    expect(readKind("Service").spec.selector).to.deep.equal(labels);
    for (const kind of ["Deployment", "PodDisruptionBudget"])
      expect(readKind(kind).spec.selector.matchLabels).to.deep.equal(labels);
    expect(readKind("NetworkPolicy").spec.podSelector.matchLabels).to.deep.equal(labels);
  });

  describe("with a running service", () => {
    let service: Service;
    before(async () => {
      service = await startService();
    });
    after(() => service.dispose());

    it("probes paths that exist", async () => {
      const probes = ["startupProbe", "livenessProbe", "readinessProbe"].map((name) => container[name].httpGet);
      for (const { path, port } of probes) {
        expect(port).to.equal("http");
        await service.clientWithSecret().get(path).expect(200);
      }
      expect(container.livenessProbe.httpGet.path).to.not.equal("/readyz"); // a restart does not repair a database
      const healthCheckPath = /path: "(.*)"/.exec(readPage("deploy/healthcheck.mjs"))?.[1] ?? "";
      await service.clientWithSecret().get(healthCheckPath).expect(200);
    });

    it("limits bodies in the proxies to more than the service accepts, so that clients receive the error of the service", async () => {
      const megabytes = Number(/client_max_body_size (\d+)m;/.exec(nginx)?.[1]);
      expect(Number(/max_size (\d+)MiB/.exec(caddy)?.[1])).to.equal(megabytes);
      const { secret } = await service.issueToken({ scopes: ["admin:scim"] });
      const headers = { Authorization: `Bearer ${secret}`, "Content-Type": "application/scim+json" };
      const upload = request({ port: service.port, method: "POST", path: "/scim/v2/Groups", headers });
      upload.end(Buffer.alloc(megabytes * 2 ** 20, " "));
      const [response] = await once(upload, "response");
      response.resume();
      expect(response.statusCode).to.equal(413);
    });
  });
});
