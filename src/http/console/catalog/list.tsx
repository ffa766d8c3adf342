import type { RequestHandler } from "express";
import type { VNode } from "preact";
import { z } from "zod";
import { nameOrSlugContains } from "../../../domain/catalog/name-search.ts";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import { catalogHasLabels } from "../../../domain/label-conditions.ts";
import type { Condition } from "../../../store/query.ts";
import { pageSizeLimit } from "../../api/kernel/lists.ts";
import { createQueryParser } from "../../api/kernel/validation.ts";
import { CardTable } from "../facts.tsx";
import { SelectField, TextField } from "../fields.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage } from "../page.tsx";
import { PageLinks, readListPage, withoutEmpty } from "../paging.tsx";
import { Time } from "../time.tsx";
import { requireVisit } from "../visit.ts";
import { CatalogTabs, ToggleStatus } from "./parts.tsx";
import { type CatalogSection, canWrite, type SectionFilter } from "./section.ts";

/** Lists the resources of one type in order of creation, with filters and one page at a time. */
export function showResources<T extends CatalogResource>(
  section: CatalogSection<T>,
  { base, services }: PageOptions,
): RequestHandler {
  const { path, heading, name, toggle, resourceType, catalogFrom } = section;
  const filters: readonly SectionFilter[] = [searchFilter, ...section.filters, labelTermFilter];
  const schema = z.object({
    ...Object.fromEntries(filters.map((filter) => [filter.name, toSchema(filter).optional()])),
    cursor: z.string().max(8192).optional(),
  });
  const parse = createQueryParser(schema);
  const url = `${base}${path}`;
  const columns = [
    "Name",
    ...section.columns.map((column) => column.name),
    "Changed",
    ...(toggle ? ["Status"] : []),
  ] as const;
  return async (req, res) => {
    req.operationId = `consoleList${name}s`;
    const visit = requireVisit(req);
    const { organizationId } = visit.caller;
    const query = parse(withoutEmpty(req.query)) as Readonly<Record<string, string | undefined>>;
    const where = toCondition(filters, query);
    const page = await readListPage({ organizationId, list: path, query }, (range) =>
      catalogFrom(services).list(organizationId, { ...range, sizeLimit: pageSizeLimit, ...(where && { where }) }),
    );
    sendHtmlPage(
      res,
      200,
      <Layout title={heading} base={base} visit={visit}>
        {path.startsWith("/catalog/") && <CatalogTabs base={base} current={path} />}
        <div class="heading">
          <h1>{heading}</h1>
          {canWrite(visit) && (
            <a class="button" href={`${url}/_new`}>
              Create {resourceType.title}
            </a>
          )}
        </div>
        <form method="get" action={url} class="filters" aria-label="Filters">
          {filters.map((filter) => (
            <FilterField key={filter.name} filter={filter} value={query[filter.name] ?? ""} />
          ))}
          <button type="submit">Filter</button>
        </form>
        {page.items.length === 0 ? (
          <p class="empty">No {resourceType.title} matches.</p>
        ) : (
          <CardTable caption={`${heading} in order of creation`} columns={columns}>
            {page.items.map((resource) => (
              <tr key={resource.id}>
                <th scope="row">
                  <a href={`${url}/${resource.id}`}>{resource.name}</a>
                  <code class="sub">{resource.slug}</code>
                  {resource.ownerId !== undefined && <span class="sub">owned by a user</span>}
                </th>
                {section.columns.map((column) => (
                  <td key={column.name} data-label={column.name}>
                    {column.render(resource)}
                  </td>
                ))}
                <td data-label="Changed">
                  <Time at={resource.updatedAt} absent="" />
                </td>
                {toggle && (
                  <td data-label="Status">
                    <ToggleStatus toggle={toggle} resource={resource} />
                  </td>
                )}
              </tr>
            ))}
          </CardTable>
        )}
        <PageLinks url={url} page={page} />
      </Layout>,
    );
  };
}

const searchFilter: SectionFilter = {
  name: "search",
  label: "Name or slug contains",
  toCondition: nameOrSlugContains,
};

const toSchema = ({ options }: SectionFilter): z.ZodType =>
  options ? z.enum(Object.keys(options)) : z.string().max(200);

const labelTermFilter: SectionFilter = {
  name: "label",
  label: "Label, as key or key:value",
  toCondition: (value) => catalogHasLabels([value]),
};

function toCondition(
  filters: readonly SectionFilter[],
  query: Readonly<Record<string, string | undefined>>,
): Condition | undefined {
  const all = filters.flatMap(({ name, toCondition: convert }) => {
    const value = query[name];
    return value === undefined ? [] : [convert(value)];
  });
  return all.length > 0 ? { op: "and", all } : undefined;
}

const FilterField = ({
  filter: { name, label, options },
  value,
}: {
  readonly filter: SectionFilter;
  readonly value: string;
}): VNode =>
  options ? (
    <SelectField name={name} label={label} value={value} options={{ "": "Any", ...options }} />
  ) : (
    <TextField name={name} label={label} value={value} />
  );
