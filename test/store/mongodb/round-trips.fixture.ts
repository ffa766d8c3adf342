import { withConnection } from "./mongodb.fixture.ts";

/** How often each command was sent. */
export type CommandCounts = Readonly<Record<string, number>>;

/**
 * Counts the commands that the server receives while work runs. The counters belong to the whole server, so nothing else
 * may use it at that time.
 * @returns the result of the work, and the number of commands of each kind
 */
export async function countCommands<R>(
  uri: string,
  work: () => Promise<R>,
): Promise<{ readonly result: R; readonly commands: CommandCounts }> {
  return withConnection(uri, async (connection) => {
    const read = async (): Promise<CommandCounts> => {
      const status = (await connection.db?.admin().command({ serverStatus: 1 })) as ServerStatus;
      return Object.fromEntries(
        Object.entries(status.metrics.commands).map(([name, { total }]) => [name, Number(total)]),
      );
    };
    const before = await read();
    const result = await work();
    const after = await read();
    const commands = Object.fromEntries(
      Object.entries(after).map(([name, total]) => [name, total - (before[name] ?? 0)]),
    );
    return { result, commands };
  });
}

interface ServerStatus {
  readonly metrics: { readonly commands: Readonly<Record<string, { readonly total: unknown }>> };
}
