import type { VNode } from "preact";
import type { z } from "zod";
import { type Catalog, resourceNotFound } from "../../../domain/catalog/catalog.ts";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import type { CatalogResourceType } from "../../../domain/catalog/resource-types.ts";
import type { SubjectNames } from "../../../domain/directory/named-subjects.ts";
import type { Condition } from "../../../store/query.ts";
import type { Services } from "../../api/kernel/services.ts";
import type { FormErrors } from "../form.ts";
import type { Visit } from "../visit.ts";
import type { FormValues } from "./form-values.ts";

/** What the pages of one catalog resource show and change. */
export interface CatalogSection<T extends CatalogResource> {
  readonly resourceType: CatalogResourceType<T>;
  /** Below the path of the console. */
  readonly path: string;
  readonly heading: string;
  /** In operation ids: `McpServer`. */
  readonly name: string;
  readonly catalogFrom: (services: Services) => Catalog<T>;
  /** Validates the content of a resource, as the API does. */
  readonly inputSchema: z.ZodType;
  readonly filters: readonly SectionFilter[];
  /** The columns of the list between the name and the time of the last change. */
  readonly columns: readonly { readonly name: string; readonly render: (resource: T) => VNode | string | number }[];
  readonly toggle?: SectionToggle<T>;
  readonly form: ResourceForm<T>;
  /** Reads and renders what the page of a resource shows beside the fields of every resource. */
  readonly renderDetails: (context: DetailContext<T>) => Promise<VNode>;
  readonly preview?: SectionPreview;
}

/** What the form of a resource can show before it is saved. */
interface SectionPreview {
  /** The name of the button. */
  readonly action: string;
  /** @throws AppError invalid-value with the field */
  readonly render: (context: PreviewContext) => Promise<VNode>;
}

interface PreviewContext extends Pick<DetailContext<CatalogResource>, "base" | "services" | "visit"> {
  /** The body of the form. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** A filter of a list. With options it is a selection, otherwise a text. */
export interface SectionFilter {
  readonly name: string;
  readonly label: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly toCondition: (value: string) => Condition;
}

/** How a resource is enabled and disabled. */
export interface SectionToggle<T extends CatalogResource> {
  readonly isOn: (resource: T) => boolean;
  readonly on: ToggleState;
  readonly off: ToggleState;
}

interface ToggleState {
  /** The name of the state. */
  readonly status: string;
  /** The name of the change to this state. */
  readonly action: string;
  /** The fields of a resource in this state. */
  readonly change: Readonly<Record<string, unknown>>;
}

/** The form of a resource. The fields of the assignment are those of every form. */
export interface ResourceForm<T extends CatalogResource> {
  /** The fields of the form by the key of the body whose value they are. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
  /** The key of the body with the users and groups. */
  readonly assignmentKey: "assignment" | "subjects";
  /** The fields whose white space belongs to the value. */
  readonly texts?: readonly string[];
  /** The names of fields in messages. */
  readonly labels: Readonly<Record<string, string>>;
  /** The values of an empty form. */
  readonly defaults: FormValues;
  readonly toValues: (resource: T) => FormValues;
  /** Returns the body of a request to the API; an absent value is undefined. @throws AppError invalid-value */
  readonly toBody: (values: FormValues) => Readonly<Record<string, unknown>>;
  /** The fields of errors, by the path of the body. */
  readonly rename: Readonly<Record<string, string>>;
  readonly Fields: (props: FormFieldsProps) => VNode;
}

export interface FormFieldsProps {
  readonly values: FormValues;
  readonly errors: FormErrors | undefined;
}

export interface DetailContext<T extends CatalogResource> {
  readonly base: string;
  readonly services: Services;
  readonly visit: Visit;
  readonly resource: T;
  /** The names of the users and groups that the resource is assigned to. */
  readonly names: SubjectNames;
  /** The query string of the request. */
  readonly query: Readonly<Record<string, unknown>>;
}

/** Whether the session may change the catalog. */
export const canWrite = ({ caller }: Visit): boolean => caller.scopes.has("admin:write");

/**
 * Reads the resource that the path names by its id or slug.
 * @throws AppError not-found
 */
export async function requireResource<T extends CatalogResource>(
  { catalogFrom, resourceType }: CatalogSection<T>,
  services: Services,
  { caller }: Visit,
  idOrSlug: unknown,
): Promise<T> {
  const resource = await catalogFrom(services).get(caller.organizationId, String(idOrSlug));
  if (resource) return resource;
  throw resourceNotFound(resourceType.title);
}
