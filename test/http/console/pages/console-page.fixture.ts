import type { Page } from "playwright-core";
import type { Agent, Service } from "../../../support/service.ts";

/** A page of the console. The pages before it in the list are visited before. */
export interface ConsolePage {
  /** Unique among all pages; the name of its screenshot. */
  readonly title: string;
  visit(page: Page): Promise<unknown>;
}

/** What the pages of a section are prepared with. */
export interface PagePreparation {
  readonly service: Service;
  /** A client with full access. */
  readonly admin: Agent;
  /** The address of the console. */
  readonly url: string;
  /** The user that the pages show. */
  readonly user: { readonly id: string; readonly userName: string };
  /** Returns a visit that opens an address below that of the console. */
  goTo(path: string): ConsolePage["visit"];
  /** Registers what is closed after the service. */
  onDispose(close: () => Promise<void>): void;
}

/** Creates the records of a section's pages, and returns the pages. */
export type PreparePages = (preparation: PagePreparation) => Promise<readonly ConsolePage[]>;
