import type { Server } from "@modelcontextprotocol/server";

/** The response of JSON-RPC to a request that has succeeded. */
export interface JsonRpcResult {
  readonly jsonrpc: "2.0";
  readonly id: string | number;
  readonly result: Readonly<Record<string, unknown>>;
}

/**
 * Passes the result of the one request that a server serves to a callback, instead of to the server's transport: turning it
 * into a web response and reading that again takes as long as the rest of the SDK's work. Errors and notifications still go
 * to the transport, which chooses the HTTP status of an error.
 */
export function passResultTo(server: Server, onResult: (result: JsonRpcResult) => void): void {
  const connect = server.connect.bind(server);
  server.connect = async (transport) => {
    const send = transport.send.bind(transport);
    transport.send = async (message, options) => {
      if (!("result" in message)) return send(message, options);
      onResult(message as JsonRpcResult);
      // The transport never closes, so that what waits for its end must know it: the SDK's list of running servers.
      server.onclose?.();
    };
    await connect(transport);
  };
}
