import type { ErrorRequestHandler } from "express";
import type { Log } from "../../log.ts";
import { startErrorResponse } from "../server/problem.ts";
import { Layout, sendHtmlPage } from "./page.tsx";

/** Responds with an error page, which has the same text as the problem document of `/api`. */
export function consoleErrorHandler(base: string, log: Log): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const started = startErrorResponse(log, error, req, res);
    if (!started) return;
    const { status, title, detail } = started;
    res.removeHeader("WWW-Authenticate"); // the console does not read the header that it would request
    sendHtmlPage(
      res,
      status,
      <Layout title={title} base={base} visit={req.consoleVisit}>
        <h1>{title}</h1>
        <p class="notice" role="alert">
          {detail}
        </p>
        <p>{req.consoleVisit ? <a href={base}>Back to the overview</a> : <a href={`${base}/sign-in`}>Sign in</a>}</p>
        <p class="muted">Request {req.requestId}</p>
      </Layout>,
    );
  };
}
