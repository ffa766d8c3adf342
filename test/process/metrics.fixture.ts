import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parser } from "@prometheus-io/lezer-promql";
import { parse } from "yaml";
import { root } from "../support/root.ts";

/** A query of the dashboard or of an alert rule. */
export interface MonitoringQuery {
  /** Where it is: the title of the panel or the name of the alert. */
  readonly title: string;
  readonly expression: string;
}

/** What a query selects, and the labels by which it groups the result. */
export interface ParsedQuery {
  readonly selectors: readonly Selector[];
  readonly groupingLabels: readonly string[];
}

/** A selector of series (PromQL). */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

/** Reads the queries of deploy/grafana/gatehouse.json, with the variables of Grafana replaced. */
export function readDashboardQueries(): readonly MonitoringQuery[] {
  const dashboard = JSON.parse(readFileSync(join(root, "deploy/grafana/gatehouse.json"), "utf8")) as {
    panels: { title: string; targets?: { expr: string }[] }[];
  };
  return dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ title, expression: expr.replaceAll(/\$__(rate_interval|range)/g, "5m") })),
  );
}

/** An alert rule (Prometheus documentation, "Alerting rules"). */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Reads the rules of deploy/grafana/alerts.yml. */
export function readAlertRules(): readonly AlertRule[] {
  const { groups } = parse(readFileSync(join(root, "deploy/grafana/alerts.yml"), "utf8")) as {
    groups: { name: string; rules: AlertRule[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

/** Parses a query with the grammar of Prometheus. @throws Error for an expression that is not valid */
export function parseQuery(expression: string): ParsedQuery {
  const selectors: { metric: string; matchers: { label: string; operator: string; value: string }[] }[] = [];
  const groupingLabels: string[] = [];
  let isGrouping = false;
  let matcher: { label: string; operator: string } | undefined;
  parser.parse(expression).iterate({
    enter: ({ name, from, to, type }) => {
      const text = expression.slice(from, to);
      if (type.isError) throw new Error(`not valid at ${from}: ${expression}`);
      if (name === "VectorSelector") selectors.push({ metric: "", matchers: [] });
      const selector = selectors.at(-1);
      if (name === "GroupingLabels") isGrouping = true;
      else if (name === "Identifier" && selector?.metric === "") selector.metric = text;
      else if (name === "LabelName" && isGrouping) groupingLabels.push(text);
      else if (name === "LabelName") matcher = { label: text, operator: "" };
      else if (name === "MatchOp" && matcher) matcher.operator = text;
      else if (name === "StringLiteral" && matcher) {
        selector?.matchers.push({ ...matcher, value: JSON.parse(text) });
        matcher = undefined;
      }
    },
    leave: ({ name }) => {
      if (name === "GroupingLabels") isGrouping = false;
    },
  });
  return { selectors, groupingLabels };
}
